import { expect, setDefaultTimeout, test } from "bun:test";
import { Watch } from "./invariants";
import { keyOf, SHA, Stage } from "./stage";
import { disk, installWorld } from "./stand-ins";
import { World, type Mood } from "./world";

/** What the lifecycle promises in numbers, on virtual time. */

installWorld();
setDefaultTimeout(300_000);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

async function scene(
  play: (scene: Scene) => Promise<void>,
  mode: Parameters<typeof Stage.open>[1] = {},
  env: Record<string, string> = {},
): Promise<void> {
  const world = new World(1);
  const stage = await Stage.open(world, mode, env);
  const watch = new Watch(world, disk, () => {});
  let asked = 0;
  try {
    await play({
      stage,
      world,
      watch,
      launch: async (user = "ann", skill = 0) => {
        const clientId = `${asked++}`;
        const args = { skillKey: keyOf(skill), sha: SHA, clientId };
        const made = await stage.call("launches:request", args, user);
        return (made as { launchId: string }).launchId;
      },
      stateOf: (launchId) => disk.find("launches", launchId)?.state.state,
      pass: async (ms) => {
        await stage.pass(ms);
        if (watch.violation) throw watch.violation;
      },
    });
  } finally {
    await stage.close();
  }
}

type Scene = {
  stage: Stage;
  world: World;
  watch: Watch;
  launch(user?: string, skill?: number): Promise<string>;
  stateOf(launchId: string): string | undefined;
  pass(ms: number): Promise<void>;
};

const slot = () => disk.all("slots")[0];
const calm = (world: World, mood: Mood = "none") => (world.mood = mood);

test("fifty tabs of one user that launch at once: one create, one launch per skill", () =>
  scene(async ({ world, launch, stateOf, pass }) => {
    const launches = await Promise.all(
      Array.from({ length: 50 }, (_, tab) => launch("ann", tab % 5)),
    );
    await pass(MINUTE);
    expect(new Set(launches).size).toBe(5);
    expect(launches.map(stateOf)).toEqual(launches.map(() => "ready"));
    expect(world.calls.get("create")).toBe(1);
  }));

test("a create that takes nine minutes keeps its lock", () =>
  scene(async ({ world, launch, stateOf, pass }) => {
    world.mood = "nine-minutes";
    const launchId = await launch();
    for (let s = 0; s < 8 * 60; s += 10) {
      await pass(10 * SECOND);
      expect(slot()?.state).toMatchObject({ status: "creating" });
      const [lease] = disk.all("leases");
      expect(lease?.expiresAt).toBeGreaterThan(world.clock.now());
    }
    calm(world);
    await pass(3 * MINUTE);
    expect(stateOf(launchId)).toBe("ready");
    expect(slot()?.generation).toBe(1);
    expect(world.creates).toBe(1);
  }));

test("a worker that dies is taken over within 75 s, though nobody writes anything", () =>
  scene(async ({ world, launch, pass }) => {
    world.mood = "late-create"; // it dies in its first call
    await launch();
    await pass(SECOND);
    const dead = disk.all("leases")[0]?.token;
    const began = world.clock.now();
    while (disk.all("leases")[0]?.token === dead) {
      await pass(SECOND);
      expect(world.clock.now() - began).toBeLessThanOrEqual(75 * SECOND);
    }
    expect(slot()?.state.status).toBe("creating");
  }));

test("what a dead worker made is adopted, late as it comes", () =>
  scene(async ({ world, launch, stateOf, pass }) => {
    world.mood = "late-create";
    const launchId = await launch();
    await pass(100 * SECOND); // the one who took over has died as well
    calm(world);
    await pass(3 * MINUTE);
    expect(stateOf(launchId)).toBe("ready");
    expect(slot()?.generation).toBe(1);
    expect(world.creates).toBe(1);
    expect(world.live()).toHaveLength(1);
  }));

test("and deleted, if the generation has moved on", () =>
  scene(async ({ stage, world, launch, stateOf, pass }) => {
    world.mood = "late-create";
    const first = await launch();
    await pass(SECOND);
    calm(world);
    await stage.call("launches:cancel", { launchId: first }, "ann");
    const second = await launch();
    await pass(5 * MINUTE);
    expect(stateOf(second)).toBe("ready");
    expect(slot()?.generation).toBe(2);
    expect(world.creates).toBe(2); // the dead worker's came after all
    expect(world.live().map(({ name }) => name.split("-").at(-1))).toEqual([
      "2",
    ]);
    expect(disk.all("sweeps")[0]?.orphansHealed).toBe(0);
  }));

test("with every job slot full of slow work nothing expires late", () =>
  scene(
    async ({ world, watch, launch, stateOf, pass }) => {
      const users = Array.from({ length: 40 }, (_, i) => `user ${i}`);
      for (const user of users) await launch(user);
      await pass(5 * MINUTE);
      // From here on every call takes 19 s, and each user wants four skills more.
      world.mood = "crawling";
      const launches = await Promise.all(
        users.flatMap((user) =>
          [1, 2, 3, 4].map((skill) => launch(user, skill)),
        ),
      );
      for (let minute = 0; minute < 17; minute++) {
        await pass(MINUTE);
        watch.overdue();
      }
      expect(launches.map(stateOf)).not.toContain("installing");
    },
    { deploymentClass: "smallest" },
    { SLIPWAY_MAX_SANDBOXES: "40" },
  ));

test("a hundred users and fifty places: never over, nothing idle for 5 s, in order", () =>
  scene(
    async ({ stage, world, launch, pass }) => {
      const users = Array.from({ length: 100 }, (_, i) => `user ${i}`);
      const arrived: string[] = [];
      for (const user of users) {
        await launch(user);
        const mine = disk.all("slots").at(-1);
        arrived.push(mine?._id ?? "");
        await pass(100);
      }
      const served: string[] = [];
      let free: number | null = null;
      for (let s = 0; s < 600 && served.length < 100; s++) {
        await pass(SECOND);
        const places = disk.all("places").length;
        const slots = disk.all("slots");
        const queued = slots.filter(({ state }) => state.status === "queued");
        expect(places).toBeLessThanOrEqual(50);
        expect(world.live().length).toBeLessThanOrEqual(50);
        free = places < 50 && queued.length > 0 ? (free ?? s) : null;
        if (free !== null) expect(s - free).toBeLessThanOrEqual(5);
        const queue = new Set(queued.map(({ _id }) => _id as string));
        for (const id of arrived) {
          if (!queue.has(id) && !served.includes(id)) served.push(id);
        }
        // Whoever has run for a while leaves: one every two seconds.
        const runs = slots.find(({ state }) => state.status === "running");
        const user = runs && disk.find("users", runs.userId)?.name;
        if (s > 20 && s % 2 === 0 && runs && user) {
          await stage.call("sandboxes:remove", { slotId: runs._id }, user);
        }
      }
      expect(served).toEqual(arrived);
    },
    {},
    { SLIPWAY_MAX_SANDBOXES: "50" },
  ));

test("a listing that matches no record halts the sweeper for the operator", () =>
  scene(async ({ stage, launch, pass, world }) => {
    await launch();
    await pass(MINUTE);
    for (let i = 0; i < 5; i++) stage.stranger();
    await pass(10 * MINUTE);
    expect(world.live()).toHaveLength(6);
    expect(disk.all("sweeps")[0]?.halted).toBeTruthy();
  }));
