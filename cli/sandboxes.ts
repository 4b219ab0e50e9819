import { UsageError, type Arguments } from "./arguments";
import type { Client } from "./client";
import { queueWords, table, type Output } from "./output";
import {
  anything,
  restoreSet,
  sandbox,
  sandboxes,
  type RestoreItem,
  type Sandbox,
} from "./shapes";
import { poll, TooLate, watch } from "./watch";

/** Between looks at a set of sandboxes, which has no stream. */
const LOOK_MS = 2_000;
/** Longer than any stop takes that goes well, or any start that has its turn. */
const WAIT_MS = 180_000;
/** What stands in line may stand there for half an hour. */
const LINE_MS = 1_800_000;
/** A replacement makes, copies and deletes. */
const REPLACE_WAIT_MS = 1_800_000;

/** Of what was deleted, or given up. */
const EMPTY = "empty";
/**
 * Nothing comes of these by themselves. What was asked for has left "stopped" by
 * the time it is answered, so that "stopped" after it is what came of it.
 */
const AT_REST = [EMPTY, "stopped"];

const GIVE_UP = new Set<string | undefined>(["cancel", "without-files"]);

/** "shared", or the skill whose own it is. */
export function nameOf({ name }: { name: string }): string {
  return name === "default" ? "shared" : (name.split("/").at(-1) ?? name);
}

/** The state of a sandbox in a few words. */
export function wordsOf(one: Sandbox): string {
  const { status, stage, error } = one.state;
  const words = [status];
  if (status === "replacing" && stage) words.push(`(${stage})`);
  if (status === "replacing" && error) words.push("halted");
  const queue = queueWords(one);
  if (queue) words.push(queue);
  if (one.restartNeeded) words.push("(an update is available)");
  return words.join(" ");
}

/** Stops or starts a sandbox. */
export async function control(
  client: Client,
  args: Arguments,
  what: "stop" | "start",
  wanted: string,
  out: Output,
): Promise<0 | 1> {
  const path = await pathOf(client, args);
  await client.ask("POST", `${path}/${what}`, anything, { key: args.key });
  const wait = args.wait && WAIT_MS + (what === "start" ? LINE_MS : 0);
  return settle(client, path, { wanted: [wanted], wait }, out);
}

/** Has the idle time of a sandbox counted anew. */
export async function keep(
  client: Client,
  args: Arguments,
  out: Output,
): Promise<0> {
  const path = await pathOf(client, args);
  const answer = await client.ask("POST", `${path}/keep`, anything, {
    key: args.key,
  });
  out.emit({ event: "kept", ...answer });
  out.say("It is kept for another while.");
  return 0;
}

/** Makes a sandbox anew with its files, or goes on with that, or gives it up. */
export async function replace(
  client: Client,
  args: Arguments,
  out: Output,
): Promise<0 | 1> {
  const path = await pathOf(client, args);
  const [flag] = args.flags;
  const what = flag ? `replace/${flag}` : "replace";
  await client.ask("POST", `${path}/${what}`, anything, { key: args.key });
  const wait = args.wait && REPLACE_WAIT_MS + LINE_MS;
  // A replacement that only waited for its place leaves what was stopped stopped.
  const wanted = GIVE_UP.has(flag) ? ["running", "stopped"] : ["running"];
  return settle(client, path, { wanted, wait }, out);
}

/** Tells how a sandbox fares, until it is as `wanted`, has failed or halted. */
async function settle(
  client: Client,
  path: string,
  { wanted, wait }: { wanted: string[]; wait: number | false },
  out: Output,
): Promise<0 | 1> {
  const down = [...AT_REST, "stopping"];
  if (!wait) {
    const now = await client.ask("GET", path, sandbox);
    const code = tellNow(now, out);
    // What is stopped may say why it did not start.
    const done = wanted.includes("stopped") && down.includes(now.state.status);
    return done ? 0 : code;
  }
  let told = "";
  const watched = {
    ...{ path: `${path}/events`, event: "sandbox", shape: sandbox },
    limit: wait,
  };
  try {
    const settled = await watch(client, watched, (now) => {
      const { status, error } = now.state;
      const over = wanted.includes(status) || AT_REST.includes(status);
      // One that was given up says why already while it is being stopped.
      if (over || (error && status !== "stopping")) return now;
      const words = wordsOf(now);
      // A replacement's stages and places in the queue are news of their own.
      if (words !== told && (now.state.stage || now.position)) {
        out.emit({ event: "state", ...now });
        out.say(`  ${words}`);
      }
      told = words;
      out.status(`It is ${words}`);
      return null;
    });
    const code = tellNow(settled, out);
    // What is stopped in line, before it was ever made, is empty.
    const { status } = settled.state;
    if (AT_REST.includes(status)) return wanted.includes("stopped") ? 0 : 1;
    return code;
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    throw new TooLate(
      `It is still ${told || "under way"} after ${wait / 1_000} s.`,
    );
  } finally {
    out.status(null);
  }
}

function tellNow(now: Sandbox, out: Output): 0 | 1 {
  const { error } = now.state;
  out.emit(now);
  out.say(error ? `${error.message} ${error.next}` : `It is ${wordsOf(now)}.`);
  return error ? 1 : 0;
}

/** Stops all sandboxes, or again those that failed to, and tells what came of each. */
export async function stopAll(
  client: Client,
  { wait, key, flags }: Arguments,
  out: Output,
): Promise<0 | 1> {
  const retry = flags.has("failed") ? "/retry" : "";
  await client.ask("POST", `/sandboxes/stop-all${retry}`, anything, { key });
  return tellSet(client, { under: "stopping", wait }, out);
}

/** Starts what was stopped with all, or forgets it. */
export async function restore(
  client: Client,
  { wait, key, flags }: Arguments,
  out: Output,
): Promise<0 | 1> {
  if (flags.has("decline")) {
    await client.ask("DELETE", "/sandboxes/restore", anything, { key });
    out.emit({ event: "declined" });
    out.say("Forgotten. The sandboxes stay as they are.");
    return 0;
  }
  await client.ask("POST", "/sandboxes/restore", anything, { key });
  return tellSet(client, { under: "restoring", wait }, out);
}

/** What came of each; one that runs again leaves the set. */
async function tellSet(
  client: Client,
  { under, wait }: { under: string; wait: boolean },
  out: Output,
): Promise<0 | 1> {
  const looks: RestoreItem[][] = [];
  let late: TooLate | null = null;
  const limit = WAIT_MS + (under === "restoring" ? LINE_MS : 0);
  const look = async () => {
    const items = await readSet(client);
    looks.push(items);
    const open = items.filter(({ state }) => state === under).length;
    if (!wait || open === 0) return items;
    out.status(`${open} ${under}`);
    return null;
  };
  try {
    await poll(client, look, { every: LOOK_MS, limit });
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    late = new TooLate(`Not all have settled after ${limit / 1_000} s.`);
  } finally {
    out.status(null);
  }
  const [asked = []] = looks;
  const items = looks.at(-1) ?? [];
  const results = await Promise.all(
    asked.map(
      async (one) =>
        items.find(({ slotId }) => slotId === one.slotId) ??
        (await outOfSet(client, one)),
    ),
  );
  for (const one of results) out.emit({ event: "item", ...one });
  const rows = results.map((one) => [
    ...[one.slotId, nameOf(one), one.state],
    one.error ? `${one.error.message} ${one.error.next}` : "",
  ]);
  const none =
    under === "stopping"
      ? "Nothing is running."
      : "There is nothing to restore.";
  for (const line of rows.length > 0 ? table(rows) : [none]) out.say(line);
  if (late) throw late; // after what has come of them so far
  const settled = results.every(({ state }) => state !== under || !wait);
  return settled && results.every(({ error }) => !error) ? 0 : 1;
}

/** One that is no longer in the set, as it is now. */
async function outOfSet(
  client: Client,
  { slotId, name }: RestoreItem,
): Promise<RestoreItem> {
  const path = `/sandboxes/${encodeURIComponent(slotId)}`;
  const { state } = await client.ask("GET", path, sandbox);
  return { slotId, name, state: state.status, slot: state };
}

async function readSet(client: Client): Promise<RestoreItem[]> {
  return (await client.ask("GET", "/sandboxes/restore", restoreSet)).items;
}

async function pathOf(
  client: Client,
  { rest: [named] }: Arguments,
): Promise<string> {
  const slotId = named ?? (await onlySandbox(client)).slotId;
  return `/sandboxes/${encodeURIComponent(slotId)}`;
}

async function onlySandbox(client: Client): Promise<Sandbox> {
  const { sandboxes: all } = await client.ask("GET", "/sandboxes", sandboxes);
  // The shared one is always listed, even while there is none.
  const there = all.filter(({ state }) => state.status !== EMPTY);
  const [only, another] = there;
  if (!only) throw new UsageError("You have no sandbox. Launch a skill first.");
  if (another)
    throw new UsageError("You have several; name one (list sandboxes).");
  return only;
}
