import type { Arguments } from "./arguments";
import { isUnknown, Refused, type Client } from "./client";
import type { Output } from "./output";
import { anything } from "./shapes";

/** Deletes a sandbox or a conversation: an id is of one thing only. */
export async function remove(
  client: Client,
  { rest: [named = ""] }: Arguments,
  out: Output,
): Promise<0> {
  const id = encodeURIComponent(named);
  try {
    const answer = await client.ask("DELETE", `/sandboxes/${id}`, anything);
    out.emit({ event: "deleting", ...answer });
    out.say("It is being deleted.");
    return 0;
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  try {
    const answer = await client.ask("DELETE", `/sessions/${id}`, anything);
    out.emit({ event: "deleted", ...answer });
    out.say("Deleted, with all that was said in it.");
    return 0;
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const detail = `You have no sandbox and no conversation "${named}".`;
    throw new Refused({ ...error.problem, detail });
  }
}
