import { expect, setDefaultTimeout, test } from "bun:test";
import type { Id } from "../../convex/_generated/dataModel";
import { START } from "../../convex/model/chat/apply";
import { KEEP_ALIVE, WATCH_BEAT } from "../../convex/model/timing";
import { MINUTE, scene, SECOND, type Scene } from "./use";

/** What pages say of an agent is what it is, whatever became of one look at it; what becomes of one that cannot be reached. */

setDefaultTimeout(60_000); // for a busy machine

const boxOf = ({ world }: Scene) => {
  const [box] = world.live();
  if (!box) throw new Error("There is no box.");
  return box;
};

const shown = async (scene: Scene) => {
  const [sandbox] = await scene.sandboxes();
  return sandbox?.agent?.state;
};

const asked = ({ world }: Scene) => world.calls.get("GET /health") ?? 0;

/** The agent was last seen to be like this, because a launch had it asked. */
async function seen(scene: Scene, agent: "starting" | "failed") {
  boxOf(scene).agent = agent;
  const { sessionId } = await scene.launch({ settle: false });
  await scene.until(async () => (await shown(scene)) === agent);
  return sessionId;
}

test("a booting agent is asked again after a look that it did not answer", () =>
  scene(async (scene) => {
    await scene.launch();
    await seen(scene, "starting");
    const { fate } = scene.world;
    fate.ordained.set("GET /health of u1's default", "before");
    const before = asked(scene);
    await scene.until(async () => asked(scene) > before);
    await scene.pass(SECOND);
    fate.ordained.clear();
    boxOf(scene).agent = "ready";
    await scene.pass(10 * SECOND);
    expect(await shown(scene)).toBe("ready");
  }));

test("one that never answers while it boots is not asked for ever", () =>
  scene(async (scene) => {
    await scene.launch();
    await seen(scene, "starting");
    const route = "GET /health of u1's default";
    scene.world.fate.ordained.set(route, "before");
    await scene.pass(10 * MINUTE);
    const before = asked(scene);
    await scene.pass(10 * MINUTE);
    expect(asked(scene)).toBe(before);
  }));

for (const agent of ["starting", "failed"] as const) {
  test(`an agent once seen ${agent} is asked each minute while somebody watches, and only then`, () =>
    scene(async (scene) => {
      await scene.launch();
      const sessionId = await seen(scene, agent);
      // No quick looks are left to it, nor any that was under way.
      await scene.pass(5 * MINUTE);
      boxOf(scene).agent = "ready";
      const before = asked(scene);
      await scene.pass(5 * MINUTE);
      expect(asked(scene)).toBe(before);
      expect(await shown(scene)).toBe(agent);
      await scene.call("presence:watch", { sessionId });
      await scene.pass(WATCH_BEAT);
      expect(await shown(scene)).toBe("ready");
      boxOf(scene).agent = "failed";
      await scene.call("presence:watch", { sessionId });
      await scene.pass(WATCH_BEAT + 20 * SECOND);
      expect(await shown(scene)).toBe("failed");
    }));
}

test("an agent that boots slowly has the same time in each boot", () =>
  scene(async (scene) => {
    await scene.launch();
    const sessionId = await seen(scene, "starting");
    for (let minute = 0; minute < 4; minute++) {
      await scene.call("presence:watch", { sessionId });
      await scene.pass(WATCH_BEAT);
    }
    const [sandbox] = await scene.sandboxes();
    const slotId = sandbox?.slotId ?? "";
    await scene.call("sandboxes:stop", { slotId });
    await scene.until(async () => boxOf(scene).state === "stopped");
    await scene.pass(5 * SECOND);
    await scene.call("sandboxes:start", { slotId });
    await scene.until(async () => boxOf(scene).claim !== null);
    await scene.pass(20 * SECOND); // or the write of its config was just before
    await seen(scene, "starting");
    const before = asked(scene);
    await scene.pass(20 * SECOND);
    expect(asked(scene) - before).toBeGreaterThan(5);
  }));

test("an owner who asks has it looked at, unless it was just heard of", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.pass(30 * SECOND);
    const [sandbox] = await scene.sandboxes();
    const args = { slotId: sandbox?.slotId ?? "" };
    const before = asked(scene);
    boxOf(scene).agent = "failed";
    await scene.call("sandboxes:look", args);
    await scene.call("sandboxes:look", args); // joins the first
    await scene.pass(2 * SECOND);
    expect(asked(scene)).toBe(before + 1);
    expect(await shown(scene)).toBe("failed");
    await scene.call("sandboxes:look", args);
    await scene.pass(2 * SECOND);
    expect(asked(scene)).toBe(before + 1);
    await scene.call("sandboxes:stop", args);
    await scene.pass(30 * SECOND);
    const looking = scene.call("sandboxes:look", args);
    await expect(looking).rejects.toMatchObject({
      data: { code: "sandbox_not_running" },
    });
  }));

test("one that does not answer is looked at once a minute, however often its owner asks", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.pass(30 * SECOND);
    const [sandbox] = await scene.sandboxes();
    const args = { slotId: sandbox?.slotId ?? "" };
    scene.world.fate.ordained.set("GET /health of u1's default", "hang");
    const before = asked(scene);
    for (let i = 0; i < 24; i++) {
      await scene.call(i % 2 ? "presence:keep" : "sandboxes:look", args);
      await scene.pass(5 * SECOND);
    }
    expect(asked(scene) - before).toBeLessThanOrEqual(3);
    // Once it answers it is asked at most each quarter of a minute again.
    scene.world.fate.ordained.clear();
    await scene.pass(MINUTE);
    await scene.call("sandboxes:look", args);
    await scene.pass(2 * SECOND);
    expect(await health(scene)).toBe("ok");
  }));

test("who asks again too soon after silence is answered by the next minute's look", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.pass(30 * SECOND);
    const [sandbox] = await scene.sandboxes();
    const args = { slotId: sandbox?.slotId ?? "" };
    const { fate } = scene.world;
    fate.ordained.set("GET /health of u1's default", "before");
    await scene.call("sandboxes:look", args);
    await scene.pass(2 * SECOND);
    fate.ordained.clear();
    boxOf(scene).agent = "failed";
    await scene.call("sandboxes:look", args);
    await scene.pass(2 * SECOND);
    expect(await shown(scene)).toBe("ready");
    await scene.pass(2 * MINUTE);
    expect(await shown(scene)).toBe("failed");
    const before = asked(scene);
    await scene.pass(3 * MINUTE);
    expect(asked(scene)).toBe(before); // once
  }));

test("who keeps a sandbox running has its daemon asked, however lately its provider was", () =>
  scene(async (scene) => {
    await scene.launch();
    const [sandbox] = await scene.sandboxes();
    const args = { slotId: sandbox?.slotId ?? "" };
    // Nobody uses it: the provider is asked, and nothing is called use.
    const lately = async () => {
      const [row] = await scene.rows("activity");
      const now = scene.world.clock.now();
      const unused = now - Number(row?.["confirmedAt"]) > MINUTE;
      return unused && now - Number(row?.["lookedAt"]) < 5 * SECOND;
    };
    for (let i = 0; i < 180 && !(await lately()); i++) await scene.pass(SECOND);
    expect(await lately()).toBe(true);
    const before = asked(scene);
    await scene.call("presence:keep", args);
    await scene.pass(5 * SECOND);
    expect(asked(scene)).toBe(before + 1);
  }));

test("one that answers slowly is left alone for a while after each answer", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.pass(30 * SECOND);
    const [sandbox] = await scene.sandboxes();
    const args = { slotId: sandbox?.slotId ?? "" };
    scene.world.fate.ordained.set("GET /health of u1's default", "slow");
    const pauses: number[] = [];
    let pause: number | null = null; // in s, since the last answer
    for (let i = 0; i < 120; i++) {
      if (i % 2) await scene.call("sandboxes:look", args); // within the limit of commands
      const [{ probe } = {}] = await scene.rows("activity");
      if (!probe) pause = (pause ?? 0) + 1;
      else if (pause !== null) {
        pauses.push(pause);
        pause = null;
      }
      await scene.pass(SECOND);
    }
    expect(pauses.length).toBeGreaterThan(3);
    // The first began in the middle of one.
    expect(Math.min(...pauses.slice(1))).toBeGreaterThanOrEqual(14);
  }));

test("a look that asks the daemon is made by another worker if its own dies", () =>
  scene(async (scene) => {
    await scene.launch();
    await seen(scene, "starting");
    const { fate, calls } = scene.world;
    fate.ordained.set("worker in get of u1's default", "die before");
    const before = calls.get("get") ?? 0;
    await scene.until(async () => (calls.get("get") ?? 0) > before);
    await scene.pass(SECOND);
    fate.ordained.clear();
    boxOf(scene).agent = "ready";
    await scene.pass(3 * MINUTE);
    expect(await shown(scene)).toBe("ready");
  }));

test("a look that asks the daemon and comes too late for what changed is made again", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.pass(30 * SECOND);
    const [sandbox] = await scene.sandboxes();
    const args = { slotId: sandbox?.slotId ?? "" };
    const { fate, calls } = scene.world;
    fate.ordained.set("get of u1's default", "hang");
    const before = calls.get("get") ?? 0;
    await scene.call("sandboxes:look", args);
    await scene.until(async () => (calls.get("get") ?? 0) > before);
    fate.ordained.clear();
    await scene.call("sandboxes:stop", args);
    await scene.until(async () => boxOf(scene).state === "stopped");
    await scene.pass(SECOND);
    await scene.call("sandboxes:start", args);
    await scene.until(async () => boxOf(scene).config?.writeToken);
    await scene.pass(5 * SECOND);
    boxOf(scene).agent = "failed";
    await scene.pass(15 * SECOND);
    expect(await shown(scene)).toBe("failed");
  }));

// ---- a daemon that cannot be reached -------------------------------------------

/** Time in which a visible tab shows a session. */
async function watch(scene: Scene, sessionId: string, minutes: number) {
  for (let minute = 0; minute < minutes; minute++) {
    await scene.call("presence:watch", { sessionId });
    await scene.pass(WATCH_BEAT);
  }
}

const health = async (scene: Scene) => {
  const [sandbox] = await scene.sandboxes();
  return sandbox?.health;
};

test("a daemon's answer is no silence because the provider gave none", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    scene.world.fate.ordained.set("get of u1's default", "before");
    await watch(scene, sessionId, 4);
    expect(await health(scene)).toBe("ok");
    const [row] = await scene.rows("activity");
    expect(row?.["failures"]).toBe(0);
    const lookedAt = Number(row?.["lookedAt"]);
    expect(scene.now() - lookedAt).toBeLessThan(2 * MINUTE);
  }));

test("a sandbox that restarted at another address is set up again for who watches", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    scene.world.boot(boxOf(scene));
    await watch(scene, sessionId, 5);
    expect(await health(scene)).toBe("ok");
    expect(boxOf(scene).claim).not.toBeNull();
    expect(boxOf(scene).config).not.toBeNull();
  }));

test("a proxy that turns everybody away is no sign that anything moved", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const { world } = scene;
    const { claim } = boxOf(scene);
    world.mood = "sign-in";
    await watch(scene, sessionId, 12);
    expect(await health(scene)).toBe("unreachable");
    world.mood = "none";
    await watch(scene, sessionId, 3);
    expect(await health(scene)).toBe("ok");
    expect(boxOf(scene).claim).toBe(claim);
  }));

test("but for nobody it is not, nor for a tab that was forgotten", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    scene.world.boot(boxOf(scene));
    await scene.pass(15 * MINUTE);
    expect(boxOf(scene).claim).toBeNull();
    scene.world.boot(boxOf(scene));
    await scene.tx(async (ctx) => {
      const row = await ctx.db.query("activity").first();
      if (!row) throw new Error("There is no activity.");
      const actedAt = scene.now() - KEEP_ALIVE;
      await ctx.db.patch("activity", row._id, { actedAt });
    });
    await watch(scene, sessionId, 15);
    expect(boxOf(scene).claim).toBeNull();
  }));

test("what an agent did there is gone: it is set up again for its turn", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    await runningTurn(scene, sessionId as Id<"sessions">);
    scene.world.boot(boxOf(scene));
    await scene.call("sandboxes:look", {
      slotId: (await scene.sandboxes())[0]?.slotId ?? "",
    });
    await scene.pass(5 * MINUTE);
    expect(await health(scene)).toBe("ok");
    expect(boxOf(scene).claim).not.toBeNull();
  }));

test("mere silence takes nothing from who watches: the sandbox runs on with its key", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const { claim } = boxOf(scene);
    const { fate, calls } = scene.world;
    const written = calls.get("PUT /config");
    fate.ordained.set("GET /health of u1's default", "before");
    await watch(scene, sessionId, 12);
    expect(await health(scene)).toBe("unreachable");
    fate.ordained.clear();
    await watch(scene, sessionId, 3);
    expect(await health(scene)).toBe("ok");
    expect(boxOf(scene).claim).toBe(claim);
    expect(calls.get("PUT /config")).toBe(written);
  }));

/** A message that was handed over, of which nothing has been heard. */
function runningTurn(scene: Scene, sessionId: Id<"sessions">): Promise<void> {
  return scene.tx(async (ctx) => {
    const session = await ctx.db.get("sessions", sessionId);
    const slot = session && (await ctx.db.get("slots", session.slotId));
    if (!session || !slot) throw new Error("There is no such session.");
    await ctx.db.insert("messages", {
      ...{ sessionId, role: "user", text: "Hello", state: "done" },
    });
    const messageId = await ctx.db.insert("messages", {
      ...{ sessionId, role: "assistant", text: "", state: "running" },
    });
    const later = scene.now() + 60 * MINUTE;
    await ctx.db.insert("turns", {
      ...{ sessionId, slotId: slot._id, userId: session.userId },
      messageId,
      ...{ state: "running", generation: slot.generation },
      ...{ pushTokenHashes: [], attempt: 0, cursor: START },
      ...{ stopRequested: false, startedAt: scene.now() },
      ...{ lastEventAt: scene.now(), checkAt: later, deadlineAt: later },
    });
  });
}
