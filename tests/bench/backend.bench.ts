import { Database } from "bun:sqlite";
import { join } from "node:path";
import { makeFunctionReference } from "convex/server";
import { createBackend, type Backend } from "../../emulators/backend";
import { Cleanup, FIXTURES } from "../conformance/backend-harness";
import { echoServer, subscribe } from "./backend-subscribers";
import { compared, inTurns, plain, type Bench } from "./harness";

/**
 * What the embedded backend costs. Each figure is a ratio to something bare
 * that was measured in turns with it, so that it says the same on any machine.
 */

const CHAT = join(FIXTURES, "chat");
const send = makeFunctionReference<"mutation">("messages:send");
const SUBSCRIBERS = 1_000;
const UNRELATED = 100_000;
/** Documents one mutation of a fixture writes; Convex allows 16,000. */
const BATCH = 5_000;

/** Many short turns: their median forgives a busy moment of the machine. */
const TURNS = 40;
const EACH = 10;
const IN_MEMORY = 50;

export const bench: Bench = {
  name: "backend",
  async run(report) {
    const cleanup = new Cleanup();
    try {
      report(await besideManyDocuments(cleanup));
      const { socket, inProcess } = await durableMutations(cleanup);
      report(socket);
      report(inProcess);
      report(await fanOut(cleanup));
      for (const figure of await unrelated(cleanup)) report(figure);
    } finally {
      await cleanup.run();
    }
  },
};

const quiet = { log: () => {} };

/** A mutation that reads a document by an index and patches it. */
async function besideManyDocuments(cleanup: Cleanup) {
  // In memory: a disk's sync would hide what the engine itself does.
  const [empty, full] = await Promise.all([
    cleanup.backend("chat"),
    cleanup.backend("chat"),
  ]);
  for (let done = 0; done < UNRELATED; done += BATCH) {
    await full.transaction(async (ctx) => {
      for (let i = 0; i < BATCH; i++) {
        // Half of them in the very table.
        if (i % 2)
          await ctx.db.insert("counters", { name: `n${done + i}`, value: 0 });
        else await ctx.db.insert("messages", { channel: `c${i}`, body: "x" });
      }
    });
  }
  const increment = (backend: Backend) => () =>
    many(IN_MEMORY, () => backend.run("counters:increment", { name: "it" }));
  const took = await inTurns(TURNS, {
    full: increment(full),
    empty: increment(empty),
  });
  return compared(
    "indexed beside 100k",
    took.full / IN_MEMORY,
    "ms",
    { value: took.empty / IN_MEMORY, against: "the same in an empty database" },
    1.3,
  );
}

/** One document written and synced to disk, through the doors there are. */
async function durableMutations(cleanup: Cleanup) {
  const bare = bareSqlite(join(await cleanup.folder(), "bare.sqlite"), cleanup);
  const own = await createBackend({
    functions: CHAT,
    data: await cleanup.folder(),
    ...quiet,
  });
  cleanup.add(() => own.close());
  // In one process: on a machine with other work, waking a second one would
  // be most of what is measured.
  const client = cleanup.client(own.url);
  const message = { channel: "a", body: "x".repeat(100) };
  const took = await inTurns(TURNS, {
    bare: async () => many(EACH, async () => bare(message)),
    socket: () => many(EACH, () => client.mutation(send, message)),
    inProcess: () => many(EACH, () => own.run("messages:send", message)),
  });
  const reference = {
    value: took.bare / EACH,
    against: "a bare SQLite durable transaction",
  };
  return {
    socket: compared("mutation socket", took.socket / EACH, "ms", reference, 3),
    inProcess: compared(
      "mutation in process",
      took.inProcess / EACH,
      "ms",
      reference,
      2,
    ),
  };
}

/** A document as SQLite itself would keep it: one row, one index, one sync. */
function bareSqlite(file: string, cleanup: Cleanup) {
  const db = new Database(file, { create: true });
  cleanup.add(() => db.close());
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run(
    "CREATE TABLE messages (id TEXT PRIMARY KEY, channel TEXT, body TEXT)",
  );
  db.run("CREATE INDEX by_channel ON messages (channel)");
  const insert = db.prepare("INSERT INTO messages VALUES (?, ?, ?)");
  return (message: { channel: string; body: string }) =>
    db
      .transaction(() =>
        insert.run(crypto.randomUUID(), message.channel, message.body),
      )
      .immediate();
}

/** From a commit until the last of a thousand clients has its Transition. */
async function fanOut(cleanup: Cleanup) {
  const backend = await cleanup.backend("chat");
  const watching = await subscribe(cleanup, backend.url, SUBSCRIBERS, () => ({
    udfPath: "messages:list",
    args: [{ channel: "all" }],
  }));
  const echo = echoServer(cleanup);
  const bare = await subscribe(cleanup, echo.url, SUBSCRIBERS);
  let message = "";
  // As long as what a client is sent: a later Transition differs in its numbers.
  const [transition = ""] = await watching.all(async () => {
    message = (await say(backend, "all")) as string;
  });
  const runsBefore = backend.stats().queryRuns;
  let commits = 0;
  const took = await inTurns(TURNS, {
    bare: () => bare.all(async () => echo.publish(transition)),
    fanOut: () => {
      commits += 1;
      return watching.all(() => backend.run("messages:like", { id: message }));
    },
  });
  const runs = backend.stats().queryRuns - runsBefore;
  if (runs !== commits) {
    throw new Error(`${commits} commits ran the one query ${runs} times.`);
  }
  return compared(
    "fan-out 1000",
    took.fanOut,
    "ms",
    { value: took.bare, against: "the same bytes on 1,000 bare sockets" },
    3,
  );
}

/** Commits that touch nothing a thousand clients look at. */
async function unrelated(cleanup: Cleanup) {
  const [watched, alone] = await Promise.all([
    cleanup.backend("chat"),
    cleanup.backend("chat"),
  ]);
  const watching = await subscribe(
    cleanup,
    watched.url,
    SUBSCRIBERS,
    (index) => ({
      udfPath: "messages:list",
      args: [{ channel: `room-${index}` }],
    }),
  );
  const before = watched.stats().queryRuns;
  const heard = watching.heard();
  const took = await inTurns(TURNS, {
    alone: () => many(EACH, () => say(alone, "elsewhere")),
    watched: () => many(EACH, () => say(watched, "elsewhere")),
  });
  // Whatever was to be sent has been, once a related commit has arrived.
  await watching.next(0, () => say(watched, "room-0"));
  const runs = watched.stats().queryRuns - before - 1;
  const messages = watching.heard() - heard - 1;
  return [
    plain("unrelated 1000", runs + messages, "re-runs", 0),
    compared("unrelated 1000 commit", took.watched / EACH, "ms", {
      value: took.alone / EACH,
      against: "the same with nobody watching",
    }),
  ];
}

const say = (backend: Backend, channel: string) =>
  backend.run("messages:send", { channel, body: "hello" });

async function many(times: number, work: () => Promise<unknown>) {
  for (let i = 0; i < times; i++) await work();
}
