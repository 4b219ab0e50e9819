import type { Value } from "convex/values";
import type { Step } from "../../../emulators/backend";
import { hold } from "../invariants";
import { ServerDown } from "../stage";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** The server goes down in what is seldom under way when random runs have it go down. */

type At = Step["at"];
const POINTS: readonly At[] = [
  "begin",
  "call",
  "before commit",
  "after commit",
];

/** Has it go down there while this is asked; it comes up again. */
async function downAt(
  on: OnStage,
  doom: { path: string; at: At },
  ask: () => Promise<unknown>,
): Promise<void> {
  const { crashed } = on.stage;
  const times = crashed.length;
  on.stage.crashAt(doom);
  await ask().catch((error: unknown) => {
    if (!(error instanceof ServerDown)) throw error;
  });
  const isDown = () => crashed.length > times;
  await on.until(`it goes down at ${doom.at} of ${doom.path}`, isDown);
  await on.pass(SECOND);
}

type Asked = {
  args: (on: OnStage) => Record<string, Value>;
  /** By a worker or another job, not by a page. */
  inside?: boolean;
  points?: readonly At[];
};

const slotId = (on: OnStage) => on.slot()._id;
const running = () => disk.all("turns").filter((t) => t.state === "running");

const ASKED: Record<string, Asked> = {
  "presence:watch": {
    args: () => ({ sessionId: disk.all("sessions")[0]?._id ?? "" }),
  },
  "presence:keep": { args: (on) => ({ slotId: slotId(on) }) },
  "presence:now": {
    args: () => ({}),
    points: POINTS.filter((at) => at !== "call"), // reads and writes nothing
  },
  "chat/receiving:placeForPush": {
    inside: true,
    args: () => ({ turnId: running()[0]?._id ?? "" }),
  },
  "turns:checkMore": {
    inside: true,
    args: (on) => {
      const until = on.world.clock.now();
      return { state: "running", after: -1, until };
    },
  },
  "turns:checkSlot": {
    inside: true,
    args: (on) => {
      const turnIds = running().map(({ _id }) => _id);
      return { slotId: slotId(on), turnIds };
    },
  },
  "lifecycle/expiry:expireSlot": {
    inside: true,
    args: (on) => ({ slotId: slotId(on) }),
  },
};

function goesDownIn(path: string, asked: Asked): Scene {
  const { args, inside = false, points = POINTS } = asked;
  return {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      const sessionId = disk.all("sessions")[0]?._id ?? "";
      const words = { text: "Go on.", clientId: "words" };
      await on.call("sessions:send", { sessionId, ...words });
      await on.until("it is worked on", () => running().length > 0);
      const ask = () =>
        inside
          ? on.call("simulation:echo", { path, args: args(on) })
          : on.call(path, args(on));
      for (const at of points) {
        await downAt(on, { path, at }, ask);
        await ask();
        hold("what is worked on goes on", running().length > 0);
      }
      await on.rest();
      const [answer] = disk.all("messages").filter((m) => m.role !== "user");
      hold("a fair agent answers", answer?.state === "done");
    },
  };
}

const OLD = 60; // more than one job removes
const old = () => disk.all("listings").length;
const removed = () =>
  disk.all("removals").find(({ kind }) => kind === "listings")?.count;

const removal: Scene = {
  env: { SLIPWAY_RETENTION_DAYS: '{"lookups":1}' },
  async play(on) {
    await on.stage.transaction(async (ctx) => {
      for (let i = 0; i < OLD; i += 1) {
        const repository = `sim/o/old${i}`;
        await ctx.db.insert("listings", { repository, sha: "a", skills: [] });
      }
    });
    await on.stage.pass(23 * 60 * MINUTE);
    hold("what is young stays", old() === OLD);
    await on.until("what is old goes", () => old() < OLD, 3 * 60 * MINUTE);
    hold("a job removes a part", old() > 0);
    const path = "lifecycle/retention:remove";
    await downAt(on, { path, at: "call" }, () => Promise.resolve());
    await on.until("the chain goes on", () => old() === 0, 10 * SECOND);
    await on.rest();
    hold("each that is gone counts once", removed() === OLD);
  },
};

export const DOWN: Record<string, Scene> = {
  ...Object.fromEntries(
    Object.entries(ASKED).map(([path, asked]) => [
      `a server that goes down in ${path}`,
      goesDownIn(path, asked),
    ]),
  ),
  "a server that goes down while it removes what is old": removal,
};
