import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import {
  AUTO_STOP,
  LOOK_COOLDOWN,
  STOP_WARNING,
  WATCH_BEAT,
} from "../../convex/model/timing";
import {
  Cleanup,
  watch,
  type AnyReference,
} from "../conformance/backend-harness";
import { keyOf, SHA, Stage } from "./stage";
import { disk, installWorld } from "./stand-ins";
import { World } from "./world";

/** Who watches a list of sandboxes hears of it when what it shows has changed, and of nothing else. */

installWorld();
setDefaultTimeout(60_000);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

type Sandbox = (typeof api.sandboxes.list)["_returnType"][number];

/** A sandbox that has been running for two minutes, and a tab that shows it, over a socket of its own. */
async function watched() {
  const world = new World(1);
  const stage = await Stage.open(world);
  cleanup.add(() => stage.close());
  const args = { skillKey: keyOf(0), sha: SHA, clientId: "c" };
  const made = await stage.call("launches:request", args, "ann");
  await stage.pass(2 * MINUTE);
  const asked = { name: "tab", scopes: ["read"] };
  const { token } = (await stage.call("tokens:create", asked, "ann")) as {
    token: string;
  };
  const client = cleanup.client(stage.url);
  const { list } = api.sandboxes;
  const tab = watch<Sandbox[]>(client, list as unknown as AnyReference, {
    token,
  });
  await tab.until(([sandbox]) => sandbox?.state.status === "running");
  return {
    world,
    stage,
    ...(made as { sessionId: string }),
    shown: () => tab.values.at(-1)?.[0] as Sandbox,
    /** How often the list was run again for what was played. */
    runsIn: async (play: () => Promise<unknown>) => {
      const before = stage.queryRuns;
      await play();
      // Answered after the list was run for the commits before it.
      await client.mutation(api.presence.now, {});
      return stage.queryRuns - before;
    },
  };
}

const looks = (world: World) => world.calls.get("get") ?? 0;
const activity = () => disk.all("activity")[0]!;

test("looks that find what is known are no news", async () => {
  const { world, stage, runsIn, shown } = await watched();
  const [before, lookedAt] = [looks(world), activity().lookedAt];
  expect(await runsIn(() => stage.pass(10 * MINUTE))).toBe(0);
  expect(looks(world) - before).toBeGreaterThanOrEqual(9);
  expect(activity().lookedAt).toBeGreaterThan(lookedAt + 8 * MINUTE);
  expect(shown()).toMatchObject({ health: "ok", warnedAt: null });
});

test("a stop is announced with the time it has, which is news once", async () => {
  const { stage, runsIn, shown } = await watched();
  const warning = activity().confirmedAt + AUTO_STOP - STOP_WARNING;
  await stage.pass(warning - stage.clock.now() - SECOND);
  expect(shown().warnedAt).toBeNull();
  expect(await runsIn(() => stage.pass(4 * MINUTE))).toBe(1);
  expect(shown()).toMatchObject({
    warnedAt: activity().warnedAt!,
    autoStopAt: activity().confirmedAt + AUTO_STOP,
  });
});

test("a tab in front of somebody moves the stop once a minute at most", async () => {
  const { stage, sessionId, runsIn, shown } = await watched();
  const watching = async () => {
    for (let minute = 0; minute < 10; minute++) {
      await stage.call("presence:watch", { sessionId }, "ann");
      await stage.pass(WATCH_BEAT);
    }
  };
  const runs = await runsIn(watching);
  expect(runs).toBeGreaterThanOrEqual(5);
  expect(runs).toBeLessThanOrEqual(10);
  expect(shown().autoStopAt).toBeGreaterThan(
    stage.clock.now() + AUTO_STOP - 2 * MINUTE,
  );
});

test("a sandbox that nobody answers for is news once, with when it was last seen", async () => {
  const { world, stage, runsIn, shown } = await watched();
  await stage.pass(3 * MINUTE);
  world.mood = "forbidden";
  const since = stage.clock.now();
  expect(await runsIn(() => stage.pass(10 * MINUTE))).toBe(1);
  expect(shown()).toMatchObject({
    state: { status: "running" },
    health: "unreachable",
    lastConfirmedAt: activity().lookedAt,
  });
  expect(Math.abs(activity().lookedAt - since)).toBeLessThan(MINUTE + SECOND);
  world.mood = "none";
  expect(await runsIn(() => stage.pass(5 * MINUTE))).toBe(1);
  expect(shown().health).toBe("ok");
});

test("one that stopped was last seen at the last look that found it running", async () => {
  const { world, stage, runsIn, shown } = await watched();
  await stage.pass(5 * MINUTE);
  const { lookedAt } = activity();
  world.stop(world.live()[0]!);
  expect(await runsIn(() => stage.pass(2 * MINUTE))).toBe(1);
  expect(shown()).toMatchObject({
    state: { status: "stopped" },
    lastConfirmedAt: lookedAt,
  });
});

test("so was one that its owner stopped, with no look in between", async () => {
  const { stage, runsIn, shown } = await watched();
  await stage.pass(5 * MINUTE + 30 * SECOND);
  const { slotId } = shown();
  await runsIn(async () => {
    await stage.call("sandboxes:stop", { slotId }, "ann");
    await stage.pass(20 * SECOND);
  });
  expect(shown()).toMatchObject({
    state: { status: "stopped" },
    lastConfirmedAt: activity().lookedAt,
  });
});

test("an agent that boots is asked every two seconds, which is no news", async () => {
  const { world, stage, runsIn, shown } = await watched();
  world.live()[0]!.agent = "starting";
  const { slotId } = shown();
  await stage.pass(LOOK_COOLDOWN);
  await stage.call("presence:keep", { slotId }, "ann");
  await stage.pass(10 * SECOND);
  expect(shown().agent).toEqual({ state: "starting" });
  const asked = world.calls.get("GET /health") ?? 0;
  expect(await runsIn(() => stage.pass(40 * SECOND))).toBe(0);
  expect((world.calls.get("GET /health") ?? 0) - asked).toBeGreaterThan(15);
});

test("a sandbox of a release without pulses is shown, and has one after a look", async () => {
  const { stage, runsIn } = await watched();
  await stage.transaction(async (ctx) => {
    for (const { _id } of await ctx.db.query("pulses").collect()) {
      await ctx.db.delete("pulses", _id);
    }
  });
  const { confirmedAt, lookedAt } = activity();
  expect(await stage.call("sandboxes:list", {}, "ann")).toMatchObject([
    { autoStopAt: confirmedAt + AUTO_STOP, lastConfirmedAt: lookedAt },
  ]);
  await stage.pass(2 * MINUTE);
  expect(disk.all("pulses")).toHaveLength(1);
  expect(await runsIn(() => stage.pass(10 * MINUTE))).toBe(0);
});
