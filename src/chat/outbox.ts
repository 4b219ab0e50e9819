import type { Failure } from "../data/failure";

/** A message on its way, or one that could not be sent. */
export type Outgoing = {
  clientId: string;
  text: string;
  failure: Failure | null;
};

type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

const keyOf = (sessionId: string) => `slipway.outbox.${sessionId}`;

/** What the tab keeps of a conversation until it is on record: over a reload, and over leaving the page. */
export function readOutbox(storage: Storage, sessionId: string): Outgoing[] {
  const stored = storage.getItem(keyOf(sessionId));
  return stored === null ? [] : (JSON.parse(stored) as Outgoing[]);
}

export function writeOutbox(
  storage: Storage,
  sessionId: string,
  all: Outgoing[],
): void {
  if (all.length === 0) storage.removeItem(keyOf(sessionId));
  else storage.setItem(keyOf(sessionId), JSON.stringify(all));
}

/** With one on its way, as the last. */
export function withSent(
  all: Outgoing[],
  { clientId, text }: Omit<Outgoing, "failure">,
): Outgoing[] {
  return [...without(all, clientId), { clientId, text, failure: null }];
}

/** With what became of one; one that was dropped meanwhile stays away. */
export function withFailure(
  all: Outgoing[],
  clientId: string,
  failure: Failure,
): Outgoing[] {
  return all.map((one) =>
    one.clientId === clientId ? { ...one, failure } : one,
  );
}

export function without(all: Outgoing[], clientId: string): Outgoing[] {
  return all.filter((one) => one.clientId !== clientId);
}
