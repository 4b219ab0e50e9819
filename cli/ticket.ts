import { z } from "zod";
import { UsageError, type Arguments } from "./arguments";
import type { Client } from "./client";
import type { Output } from "./output";

const issued = z.looseObject({
  ticket: z.string(),
  url: z.string(),
  expiresAt: z.number(),
});

/** Prints where a terminal, a port or a file of a sandbox is opened, once. */
export async function ticket(
  client: Client,
  { rest: [slotId = "", ...wanted] }: Arguments,
  out: Output,
): Promise<0> {
  const path = `/sandboxes/${encodeURIComponent(slotId)}/tickets`;
  const body = purposeOf(wanted);
  const answer = await client.ask("POST", path, issued, { body });
  out.emit({ event: "ticket", ...answer });
  out.say(answer.url);
  // A terminal's address opens nothing by itself.
  if (body.kind === "terminal") out.say(answer.ticket);
  return 0;
}

function purposeOf([kind = "", what]: string[]) {
  switch (kind) {
    case "terminal":
      if (what !== undefined) break;
      return { kind } as const;
    case "port":
      if (!/^\d+$/.test(what ?? "")) break;
      return { kind, port: Number(what) } as const;
    case "file":
      if (what === undefined) break;
      return { kind, path: what } as const;
  }
  throw new UsageError("A ticket is for: terminal, port NUMBER, or file PATH.");
}
