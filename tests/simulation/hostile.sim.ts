import { expect, setDefaultTimeout, test } from "bun:test";
import type { Doc } from "../../convex/_generated/dataModel";
import { keyOf, open, SHA } from "./scene";
import { installWorld } from "./stand-ins";
import { World } from "./world";

/** Scenes with an adversary in the sandbox or misfortune at the provider. */

installWorld();
setDefaultTimeout(60_000); // for a busy machine

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const me = {
  identity: { subject: "u1", issuer: "sim", tokenIdentifier: "sim|u1" },
};

async function scene(play: (stage: Stage) => Promise<void>): Promise<void> {
  const world = new World(1);
  const { backend, clock } = await open(world);
  let asked = 0;
  try {
    await play({
      world,
      pass: (ms) => clock.advance(ms),
      launch: () =>
        backend.run(
          "launches:request",
          { skillKey: keyOf(0), sha: SHA, clientId: `c${asked++}` },
          me,
        ),
      act: async (what) => {
        const [slot] = (await backend.run("sandboxes:list", {}, me)) as {
          slotId: string;
        }[];
        await backend.run(
          `sandboxes:${what}`,
          { slotId: slot?.slotId ?? "" },
          me,
        );
      },
      look: () =>
        backend.transaction(async (ctx) => ({
          slot: (await ctx.db.query("slots").first()) as Doc<"slots">,
          launches: (await ctx.db.query("launches").collect()).map(
            (launch) => (launch as Doc<"launches">).state.state,
          ),
          healed: (await ctx.db.query("sweeps").first())?.orphansHealed ?? 0,
        })),
    });
  } finally {
    await backend.close();
  }
}

type Stage = {
  world: World;
  pass(ms: number): Promise<void>;
  launch(): Promise<unknown>;
  act(what: "stop" | "start" | "remove"): Promise<void>;
  look(): Promise<{
    slot: Doc<"slots">;
    launches: string[];
    healed: number;
  }>;
};

const calls = (world: World, route: string) => world.calls.get(route) ?? 0;

test("a daemon that keeps losing its key is stopped after a few claims", () =>
  scene(async ({ world, pass, launch, look }) => {
    world.mood = "unclaimed";
    await launch();
    await pass(5 * MINUTE);
    const claims = calls(world, "upload");
    expect(claims).toBeLessThan(10);
    const { slot, launches } = await look();
    expect(slot.state.status).toBe("stopped");
    expect(launches).toEqual(["failed"]);
    await pass(HOUR);
    expect(calls(world, "upload")).toBe(claims);
  }));

test("a daemon that lies about its write token ruins only its own sandbox", () =>
  scene(async ({ world, pass, launch, act, look }) => {
    world.mood = "stale";
    await launch();
    await pass(5 * MINUTE);
    expect(calls(world, "PUT /config")).toBeLessThan(20);
    expect((await look()).launches).toEqual(["failed"]);
    world.mood = "none";
    await act("remove");
    await pass(MINUTE);
    await launch();
    await pass(MINUTE);
    expect((await look()).launches).toEqual(["failed", "ready"]);
  }));

test("a disk that stays full fails who waits at once, and its sandbox runs on", () =>
  scene(async ({ world, pass, launch, act, look }) => {
    await launch();
    await pass(MINUTE);
    await act("stop");
    await pass(MINUTE);
    const writes = calls(world, "PUT /config");
    world.fate.ordained.set("PUT /config of u1's default", "full");
    await launch();
    await pass(MINUTE);
    expect((await look()).launches).toEqual(["ready", "failed"]);
    await pass(HOUR);
    expect(calls(world, "PUT /config")).toBe(writes + 1);
    await launch();
    await pass(MINUTE);
    const { slot, launches } = await look();
    expect(launches).toEqual(["ready", "failed", "failed"]);
    expect(slot.state.status).toBe("running");
    expect(calls(world, "PUT /config")).toBe(writes + 2);
  }));

test("a sandbox that stops after every start is given up within its deadline", () =>
  scene(async ({ world, pass, launch, act, look }) => {
    await launch();
    await pass(MINUTE);
    await act("stop");
    await pass(MINUTE);
    world.mood = "dies";
    await launch();
    await pass(HOUR);
    expect(calls(world, "start")).toBeLessThan(150);
    const { slot, launches } = await look();
    expect(slot.state.status).toBe("stopped");
    expect(launches).toEqual(["ready", "failed"]);
  }));

test("a create whose worker died is awaited, even when the next one is refused", () =>
  scene(async ({ world, pass, launch, look }) => {
    world.mood = "late-create";
    await launch();
    await pass(SECOND);
    world.mood = "quota";
    await pass(90 * SECOND);
    world.mood = "none";
    await pass(20 * MINUTE);
    expect(world.live()).toEqual([]);
    expect((await look()).healed).toBe(0);
  }));

test("nobody's sandbox is left alone, so that the provider can stop it", () =>
  scene(async ({ world, pass, launch, look }) => {
    await launch();
    await pass(MINUTE);
    const before = calls(world, "GET /health");
    await pass(3 * HOUR);
    expect(calls(world, "GET /health")).toBe(before);
    expect(calls(world, "get")).toBeGreaterThan(100);
    expect((await look()).slot.state.status).toBe("running");
  }));

test("a refused claim of a woken sandbox does not cost its disk", () =>
  scene(async ({ world, pass, launch, act, look }) => {
    await launch();
    await pass(MINUTE);
    await act("stop");
    await pass(MINUTE);
    world.mood = "forbidden";
    await act("start");
    await pass(MINUTE);
    world.mood = "none";
    await pass(5 * MINUTE);
    expect(world.live()).toHaveLength(1);
    expect((await look()).slot.state.status).toBe("stopped");
  }));

test("a proxy's answer to a stranger is no proof of an open door", () =>
  scene(async ({ world, pass, launch, look }) => {
    world.mood = "coded-503";
    await launch();
    await pass(10 * SECOND);
    world.mood = "none";
    await pass(MINUTE);
    expect(world.live()).toHaveLength(1);
    expect((await look()).launches).toEqual(["ready"]);
  }));

test("a provider that knows nobody for a while costs nobody a sandbox", () =>
  scene(async ({ world, pass, launch, look }) => {
    await launch();
    await pass(MINUTE);
    world.mood = "404";
    await pass(5 * MINUTE);
    world.mood = "none";
    await pass(10 * MINUTE);
    expect(world.live()).toHaveLength(1);
    const { slot, healed } = await look();
    expect(slot.state.status).toBe("running");
    expect(healed).toBe(0);
  }));
