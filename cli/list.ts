import { UsageError, type Arguments } from "./arguments";
import type { Client } from "./client";
import { table, type Output } from "./output";
import { nameOf, wordsOf } from "./sandboxes";
import { launches, sandboxes, sessions } from "./shapes";

/** A page of what there is, and how to see the next. */
export async function list(
  client: Client,
  { rest: [what = "launches"], cursor }: Arguments,
  out: Output,
): Promise<0> {
  const query = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
  switch (what) {
    case "launches": {
      const answer = await client.ask("GET", `/launches${query}`, launches);
      for (const one of answer.launches) out.emit(one);
      const rows = answer.launches.map(({ launchId, state, path, link }) => [
        ...[launchId, state, path ?? "", link],
      ]);
      tell(rows, "No launches yet.", out);
      return tellMore(what, answer.nextCursor, out);
    }
    case "sandboxes": {
      if (cursor !== null) {
        throw new UsageError(
          "list sandboxes shows all, and takes no --cursor.",
        );
      }
      const answer = await client.ask("GET", "/sandboxes", sandboxes);
      for (const one of answer.sandboxes) out.emit(one);
      const rows = answer.sandboxes.map((one) => [
        ...[one.slotId, nameOf(one), wordsOf(one), one.health],
        one.skills.map(({ name }) => name).join(", "),
      ]);
      tell(rows, "No sandbox yet.", out);
      return 0;
    }
    case "sessions": {
      const answer = await client.ask("GET", `/sessions${query}`, sessions);
      for (const one of answer.sessions) out.emit(one);
      const rows = answer.sessions.map(({ sessionId, link, title }) => [
        ...[sessionId, link, title],
      ]);
      tell(rows, "No conversations yet.", out);
      return tellMore(what, answer.nextCursor, out);
    }
    default:
      throw new UsageError(
        `There is no list of ${what}: launches, sandboxes or sessions.`,
      );
  }
}

function tell(rows: string[][], none: string, out: Output): void {
  for (const line of rows.length > 0 ? table(rows) : [none]) out.say(line);
}

function tellMore(
  what: string,
  nextCursor: string | null | undefined,
  out: Output,
): 0 {
  if (!nextCursor) return 0;
  out.emit({ event: "more", nextCursor });
  out.say(
    `There are more: npx -y bun@1.4.5 run slipway list ${what} --cursor ${nextCursor}`,
  );
  return 0;
}
