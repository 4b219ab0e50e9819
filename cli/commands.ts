import type { Arguments, Command } from "./arguments";
import { chat } from "./chat";
import type { Client } from "./client";
import { follow, tellEnd, tellSteps } from "./follow";
import { list } from "./list";
import { logs } from "./logs";
import { remove } from "./remove";
import type { Output } from "./output";
import { control, keep, replace, restore, stopAll } from "./sandboxes";
import { anything, launch, launched } from "./shapes";
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
      out.say(
        `Watch it:   npx -y bun@1.4.5 run slipway logs ${taken.launchId}`,
      );
      out.say(`Talk to it: ${taken.url}`);
      return 0;
    }
    return tellEnd(await follow(client, taken.launchId, out), taken.url, out);
  },

  list,

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
