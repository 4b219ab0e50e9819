import { UsageError, type Arguments, type Command } from "./arguments";
import { chat } from "./chat";
import type { Client } from "./client";
import { follow, tellEnd, tellSteps } from "./follow";
import { logs } from "./logs";
import { remove } from "./remove";
import { table, type Output } from "./output";
import {
  control,
  keep,
  nameOf,
  replace,
  restore,
  stopAll,
  wordsOf,
} from "./sandboxes";
import {
  anything,
  launch,
  launched,
  launches,
  sandboxes,
  sessions,
} from "./shapes";
import { ticket } from "./ticket";

type Run = (client: Client, args: Arguments, out: Output) => Promise<0 | 1>;

const id = (args: Arguments) => encodeURIComponent(args.rest[0] ?? "");

/** Each answers the exit code of what it found. */
export const RUN: Record<Command, Run> = {
  async launch(client, { rest: [skill], flags, wait, key }, out) {
    const taken = await client.ask("POST", "/launches", launched, {
      body: { skill, ...(flags.has("own") && { own: true }) },
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
          ...[one.slotId, nameOf(one), wordsOf(one), one.health],
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
      { key: args.key },
    );
    out.emit({ event: "cancelled", ...answer });
    out.say("Cancelled.");
    return 0;
  },

  chat: (client, { rest: [sessionId = "", text = ""], key }, out) =>
    chat(client, sessionId, text, key, out),

  stop: (client, args, out) =>
    args.flags.size > 0
      ? stopAll(client, args, out)
      : control(client, args, "stop", "stopped", out),
  start: (client, args, out) => control(client, args, "start", "running", out),
  keep,
  ticket,
  replace,
  restore,

  delete: remove,
};

function tell(rows: string[][], none: string, out: Output): void {
  for (const line of rows.length > 0 ? table(rows) : [none]) out.say(line);
}
