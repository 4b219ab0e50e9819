import { UsageError, type Arguments, type Command } from "./arguments";
import { chat } from "./chat";
import type { Client } from "./client";
import { follow, tellEnd, tellSteps } from "./follow";
import { logs } from "./logs";
import { table, type Output } from "./output";
import {
  anything,
  launch,
  launched,
  launches,
  sandbox,
  sandboxes,
  sessions,
  type Sandbox,
} from "./shapes";

type Run = (client: Client, args: Arguments, out: Output) => Promise<0 | 1>;

const id = (args: Arguments) => encodeURIComponent(args.rest[0] ?? "");

/** Each answers the exit code of what it found. */
export const RUN: Record<Command, Run> = {
  async launch(client, { rest: [skill], wait, key }, out) {
    const taken = await client.ask("POST", "/launches", launched, {
      body: { skill },
      key,
    });
    out.emit({ event: "launched", ...taken });
    out.say(`${taken.joined ? "Joined" : "Launched"} ${taken.launchId}`);
    if (!wait) {
      out.say(`Watch it:   bun run slipway logs ${taken.launchId}`);
      out.say(`Talk to it: ${taken.url}`);
      return 0;
    }
    return tellEnd(await follow(client, taken.launchId, out), taken.url, out);
  },

  async list(client, { rest: [what = "launches"] }, out) {
    switch (what) {
      case "launches": {
        const answer = await client.ask("GET", "/launches", launches);
        for (const one of answer.launches) out.emit(one);
        const rows = answer.launches.map(({ launchId, state, path, link }) => [
          ...[launchId, state, path ?? "", link],
        ]);
        tell(rows, "No launches yet.", out);
        return 0;
      }
      case "sandboxes": {
        const answer = await client.ask("GET", "/sandboxes", sandboxes);
        for (const one of answer.sandboxes) out.emit(one);
        const rows = answer.sandboxes.map((one) => [
          ...[one.slotId, one.state.status, one.health],
          one.skills.map(({ name }) => name).join(", "),
        ]);
        tell(rows, "No sandbox yet.", out);
        return 0;
      }
      case "sessions": {
        const answer = await client.ask("GET", "/sessions", sessions);
        for (const one of answer.sessions) out.emit(one);
        const rows = answer.sessions.map(({ sessionId, link, title }) => [
          ...[sessionId, link, title],
        ]);
        tell(rows, "No conversations yet.", out);
        return 0;
      }
      default:
        throw new UsageError(
          `There is no list of ${what}: launches, sandboxes or sessions.`,
        );
    }
  },

  async show(client, args, out) {
    const found = await client.ask("GET", `/launches/${id(args)}`, launch);
    out.emit(found);
    out.say(`${found.link} (${found.state})`);
    tellSteps(found, out);
    return tellEnd(found, null, out);
  },

  logs: (client, { rest: [named = ""] }, out) => logs(client, named, out),

  async cancel(client, args, out) {
    const answer = await client.ask(
      "POST",
      `/launches/${id(args)}/cancel`,
      anything,
    );
    out.emit({ event: "cancelled", ...answer });
    out.say("Cancelled.");
    return 0;
  },

  chat: (client, { rest: [sessionId = "", text = ""], key }, out) =>
    chat(client, sessionId, text, key, out),

  stop: (client, args, out) => control(client, args, "stop", "stopped", out),
  start: (client, args, out) => control(client, args, "start", "running", out),

  async delete(client, args, out) {
    const answer = await client.ask(
      "DELETE",
      `/sandboxes/${id(args)}`,
      anything,
    );
    out.emit({ event: "deleting", ...answer });
    out.say("It is being deleted.");
    return 0;
  },
};

function tell(rows: string[][], none: string, out: Output): void {
  for (const line of rows.length > 0 ? table(rows) : [none]) out.say(line);
}

const LOOK_MS = 500;
/** Longer than any stop or start takes that goes well. */
const WAIT_MS = 180_000;

async function control(
  client: Client,
  { rest: [named], wait, key }: Arguments,
  what: "stop" | "start",
  wanted: string,
  out: Output,
): Promise<0 | 1> {
  const slotId = named ?? (await onlySandbox(client)).slotId;
  const path = `/sandboxes/${encodeURIComponent(slotId)}`;
  await client.ask("POST", `${path}/${what}`, anything, { key });
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const now = await client.ask("GET", path, sandbox);
    const { status, error } = now.state;
    const settled = status === wanted || status === "failed";
    if (settled || !wait) {
      out.emit(now);
      out.say(error ? `${error.message} ${error.next}` : `It is ${status}.`);
      return status === "failed" ? 1 : 0;
    }
    if (Date.now() > until) {
      out.say(`It is still ${status} after ${WAIT_MS / 1_000} s.`);
      return 1;
    }
    out.status(`It is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function onlySandbox(client: Client): Promise<Sandbox> {
  const { sandboxes: all } = await client.ask("GET", "/sandboxes", sandboxes);
  const [only, another] = all;
  if (!only) throw new UsageError("You have no sandbox. Launch a skill first.");
  if (another)
    throw new UsageError("You have several; name one (list sandboxes).");
  return only;
}
