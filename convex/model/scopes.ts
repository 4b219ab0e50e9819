import { refuse } from "./errors";

/** What a personal token may be good for. A signed-in person may do all of it. */
export const SCOPES = ["read", "launch", "control"] as const;

/**
 * - `read`: see launches, conversations and sandboxes;
 * - `launch`: launch skills, cancel launches, talk to their agents;
 * - `control`: stop, start, replace and delete sandboxes, delete conversations,
 *   and open what is inside: terminals, ports and files.
 *
 * Settings, keys and tokens themselves are out of every token's reach.
 */
export type Scope = (typeof SCOPES)[number];

/** One of these is enough. Throws `scope_missing`. */
export function requireScope(
  held: readonly Scope[],
  wanted: Scope | readonly Scope[],
): void {
  const enough = typeof wanted === "string" ? [wanted] : wanted;
  if (enough.some((scope) => held.includes(scope))) return;
  throw refuse(
    "scope_missing",
    `This token lacks the scope ${enough.join(" or ")}; it has ${held.join(", ")}.`,
  );
}
