import type { Arguments } from "./arguments";
import { isUnknown, Refused, type Client } from "./client";
import type { Output } from "./output";
import { anything } from "./shapes";

/** Deletes a sandbox or a conversation: an id is of one thing only. */
export async function remove(
  client: Client,
  { rest: [named = ""], key }: Arguments,
  out: Output,
): Promise<0> {
  const id = encodeURIComponent(named);
  try {
    const answer = await client.ask("DELETE", `/sandboxes/${id}`, anything, {
      key,
    });
    out.emit({ event: "deleting", ...answer });
    out.say("It is being deleted.");
    return 0;
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  // Keys are kept for each route, and a refusal keeps none: it is free here.
  try {
    const answer = await client.ask("DELETE", `/sessions/${id}`, anything, {
      key,
    });
    out.emit({ event: "deleted", ...answer });
    out.say("Deleted, with all that was said in it.");
    return 0;
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const detail = `You have no sandbox and no conversation "${named}".`;
    throw new Refused({ ...error.problem, detail });
  }
}
