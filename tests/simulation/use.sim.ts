import { expect, setDefaultTimeout, test } from "bun:test";
import type { Id } from "../../convex/_generated/dataModel";
import { retireVersions } from "../../convex/lifecycle/versions";
import { START } from "../../convex/model/chat/apply";
import { MAX_REPAIRS } from "../../convex/model/repairs";
import {
  AUTO_STOP,
  KEEP_ALIVE,
  STOP_WARNING,
  WATCH_BEAT,
} from "../../convex/model/timing";
import { keyOf, SHA } from "./scene";
import { MINUTE, scene, SECOND, type Scene } from "./use";
import { BadGateway, digestOf, type World } from "./world";

/** A sandbox in use: who keeps it running, and what becomes of the skills in it. */

/** Hours of the virtual clock take seconds. */
setDefaultTimeout(60_000);

const view = async (scene: Scene) => {
  const [sandbox] = await scene.sandboxes();
  if (!sandbox) throw new Error("There is no sandbox.");
  return sandbox;
};

/** Time in which a visible tab shows a session. */
async function watch(scene: Scene, sessionId: string, ms: number) {
  for (let passed = 0; passed < ms; passed += WATCH_BEAT) {
    await scene.call("presence:watch", { sessionId });
    await scene.pass(WATCH_BEAT);
  }
}

test("a sandbox that nobody watches stops in its time, announced once", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.pass(AUTO_STOP - STOP_WARNING - 2 * MINUTE);
    expect((await view(scene)).warnedAt).toBeNull();
    await scene.pass(4 * MINUTE);
    const { warnedAt, autoStopAt } = await view(scene);
    expect(warnedAt).not.toBeNull();
    expect(autoStopAt! - warnedAt!).toBeLessThanOrEqual(STOP_WARNING);
    await scene.pass(2 * MINUTE);
    expect((await view(scene)).warnedAt).toBe(warnedAt);
    await scene.pass(5 * MINUTE);
    expect(await view(scene)).toMatchObject({
      state: { status: "stopped", by: "provider" },
      warnedAt: null,
    });
  }));

test("a tab that watches keeps it running, and a tab that left does not", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    await watch(scene, sessionId, 2 * AUTO_STOP);
    expect(await view(scene)).toMatchObject({
      state: { status: "running" },
      warnedAt: null,
    });
    await scene.pass(AUTO_STOP + 5 * MINUTE);
    expect((await view(scene)).state.status).toBe("stopped");
  }));

test("a forgotten tab keeps it for four hours, and a person may go on", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    await watch(scene, sessionId, KEEP_ALIVE + AUTO_STOP - 4 * MINUTE);
    const { warnedAt, autoStopAt, slotId } = await view(scene);
    expect(warnedAt).not.toBeNull();
    await scene.call("presence:keep", { slotId });
    await watch(scene, sessionId, AUTO_STOP);
    const after = await view(scene);
    expect(after).toMatchObject({
      state: { status: "running" },
      warnedAt: null,
    });
    expect(after.autoStopAt!).toBeGreaterThan(autoStopAt!);
    await watch(scene, sessionId, KEEP_ALIVE + 5 * MINUTE);
    expect((await view(scene)).state.status).toBe("stopped");
  }));

test("whoever comes back in the last minute does not wait for the next look", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const { autoStopAt } = await view(scene);
    await scene.pass(autoStopAt! - scene.now() - 20 * SECOND);
    expect((await view(scene)).warnedAt).not.toBeNull();
    await scene.call("presence:watch", { sessionId });
    await scene.pass(5 * SECOND);
    expect((await view(scene)).warnedAt).toBeNull();
    expect((await view(scene)).autoStopAt!).toBeGreaterThan(autoStopAt!);
  }));

test("a cap that cannot be read admits nobody, and stops nothing that is in use", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const name = "SLIPWAY_MAX_SANDBOXES";
    const before = process.env[name];
    process.env[name] = "1O";
    try {
      await watch(scene, sessionId, 2 * AUTO_STOP);
      expect(onlyBox(scene.world).state).toBe("started");
      const wanted = { skillKey: keyOf(1), sha: SHA, clientId: "of its own" };
      const launch = (await scene.call("launches:request", {
        ...wanted,
        own: true,
      })) as { launchId: string };
      await scene.until(
        async () => (await scene.launchOf(launch)).state === "failed",
      );
      expect((await scene.launchOf(launch)).error).toMatchObject({
        code: "caps_unreadable",
        message: `${name} must be a number from 1 to 2000: 1O`,
      });
    } finally {
      process.env[name] = before;
    }
    const after = await scene.launch({ skill: 1 });
    expect((await scene.launchOf(after)).state).toBe("ready");
  }));

test("twenty tabs that watch write as seldom as one, and lists do not hear of it", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    await scene.call("presence:watch", { sessionId });
    await scene.pass(5 * SECOND);
    const [before] = await scene.rows("watches");
    const listed = await view(scene);
    for (let tab = 0; tab < 20; tab++) {
      await scene.call("presence:watch", { sessionId });
      await scene.pass(SECOND);
    }
    expect(await scene.rows("watches")).toEqual([before!]);
    expect(await view(scene)).toEqual(listed);
  }));

test("only the owner of a session watches or keeps its sandbox", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const { slotId } = await view(scene);
    const refused = { data: { code: "not_found" } };
    const as = (path: string, args: Record<string, string>) =>
      scene.call(path, args, "u2").catch((error: unknown) => error);
    expect(await as("presence:watch", { sessionId })).toMatchObject(refused);
    expect(await as("presence:keep", { slotId })).toMatchObject(refused);
    expect(await scene.rows("watches")).toEqual([]);
  }));

test("what is kept for more time must be running", () =>
  scene(async (scene) => {
    await scene.launch();
    const { slotId } = await view(scene);
    await scene.call("sandboxes:stop", { slotId });
    await scene.pass(MINUTE);
    const error = await scene
      .call("presence:keep", { slotId })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ data: { code: "sandbox_not_running" } });
  }));

// ---- instant ----------------------------------------------------------------

const dead: [string, (world: World) => unknown, string][] = [
  ["gone at the provider", (world) => vanish(world), "cold"],
  ["stopped", (world) => world.stop(onlyBox(world)), "wake"],
  ["without its key", (world) => (onlyBox(world).claim = null), "wake"],
  [
    "restarted, at another address",
    (world) => world.boot(onlyBox(world)),
    "wake",
  ],
];

function onlyBox(world: World) {
  const [box] = world.live();
  if (!box) throw new Error("There is no box.");
  return box;
}

function vanish(world: World): void {
  onlyBox(world).state = "destroyed";
}

for (const [what, happens, path] of dead) {
  test(`an instant launch into a sandbox that is ${what} recovers by itself`, () =>
    scene(async (scene) => {
      await scene.launch();
      happens(scene.world);
      const second = await scene.launch({ settle: false });
      expect(await scene.launchOf(second)).toMatchObject({
        state: "ready",
        path: "instant",
      });
      const again = await scene.until(async () => {
        const { sessionId } = second;
        const newest = await scene.newestOf(sessionId);
        return newest.launchId === second.launchId ? null : newest;
      });
      expect(again).toMatchObject({ sessionId: second.sessionId, path });
      const check = again.steps.find(({ name }) => name === "check");
      expect(check).toMatchObject({ outcome: "failed" });
      expect(check?.detail).toContain("The sandbox ");
      await scene.pass(MINUTE);
      expect(await scene.launchOf(again)).toMatchObject({ state: "ready" });
      expect(await scene.newestOf(second.sessionId)).toMatchObject({
        launchId: again.launchId,
      });
      const { state, skills } = await view(scene);
      expect(state.status).toBe("running");
      expect(skills).toHaveLength(1);
      expect(scene.world.live()).toHaveLength(1);
    }));
}

test("an instant launch that was confirmed is not taken up again", () =>
  scene(async (scene) => {
    await scene.launch();
    const second = await scene.launch();
    await scene.pass(MINUTE);
    vanish(scene.world);
    await scene.pass(5 * MINUTE);
    expect((await view(scene)).state.status).toBe("empty");
    expect(await scene.newestOf(second.sessionId)).toMatchObject({
      launchId: second.launchId,
      state: "ready",
      path: "instant",
    });
  }));

test("a message sent right after an instant launch waits for the new sandbox", () =>
  scene(async (scene) => {
    await scene.launch();
    vanish(scene.world);
    const { sessionId } = await scene.launch({ settle: false });
    await waitingTurn(scene, sessionId as Id<"sessions">);
    // It is handed to the second sandbox, and not given up before.
    await scene.until(async () => {
      const [turn] = await scene.rows("turns");
      return turn?.generation === 2;
    });
    expect(scene.world.calls.get("POST /turns")).toBeGreaterThan(0);
    expect((await view(scene)).generation).toBe(2);
  }));

/** A message of somebody whose model is set up. */
function waitingTurn(scene: Scene, sessionId: Id<"sessions">): Promise<void> {
  return scene.tx(async (ctx) => {
    const session = await ctx.db.get("sessions", sessionId);
    if (!session) throw new Error("There is no such session.");
    const { slotId, userId } = session;
    await ctx.db.insert("messages", {
      ...{ sessionId, role: "user", text: "Hello", state: "done" },
    });
    const messageId = await ctx.db.insert("messages", {
      ...{ sessionId, role: "assistant", text: "", state: "queued" },
    });
    const later = scene.now() + 10 * MINUTE;
    await ctx.db.insert("turns", {
      ...{ sessionId, slotId, userId, messageId },
      state: "queued",
      pushTokenHashes: [],
      attempt: 0,
      cursor: START,
      stopRequested: false,
      ...{ lastEventAt: scene.now(), checkAt: later, deadlineAt: later },
    });
  });
}

// ---- skills on the disk -------------------------------------------------------

/** Asks the daemon, as a launch does that finds everything there. */
async function look(scene: Scene) {
  await scene.launch({ settle: false });
  await scene.pass(10 * SECOND);
}

test("a skill that vanished from the disk is unlisted, put back and listed again", () =>
  scene(async (scene) => {
    await scene.launch();
    const [before] = await scene.rows("installedSkills");
    onlyBox(scene.world).disk.clear();
    await look(scene);
    const [after, ...more] = await scene.rows("installedSkills");
    expect(more).toEqual([]);
    expect(after?._id).not.toBe(before?._id);
    expect(after?.digest).toBe(before?.digest);
    expect(onlyBox(scene.world).disk.size).toBe(1);
    expect((await view(scene)).repairs).toBe(1);
  }));

test("what is on the disk besides is neither listed nor touched", () =>
  scene(async (scene) => {
    await scene.launch();
    const listed = await scene.rows("installedSkills");
    onlyBox(scene.world).disk.add(`sim/o/r/planted ${digestOf("planted")}`);
    await look(scene);
    expect(await scene.rows("installedSkills")).toEqual(listed);
    expect(onlyBox(scene.world).disk.size).toBe(2);
  }));

test("what no conversation is about is unlisted and stays away", () =>
  scene(async (scene) => {
    await scene.launch();
    await scene.launch({ skill: 1 });
    await scene.tx(async (ctx) => {
      for (const row of await ctx.db.query("sessions").collect()) {
        if (row.skillKey === keyOf(1)) await ctx.db.delete(row._id);
      }
    });
    onlyBox(scene.world).disk.clear();
    await look(scene);
    const left = await scene.rows("installedSkills");
    expect(left.map((row) => row.skillKey)).toEqual([keyOf(0)]);
  }));

test("a daemon that denies what it was given is believed a few times, and shown", () =>
  scene(async (scene) => {
    await scene.launch();
    scene.world.mood = "denies";
    for (let i = 0; i < MAX_REPAIRS + 4; i++) await look(scene);
    const posts = scene.world.calls.get("POST /skills") ?? 0;
    expect((await view(scene)).repairs).toBe(MAX_REPAIRS);
    await scene.pass(20 * MINUTE);
    expect(scene.world.calls.get("POST /skills")).toBe(posts);
    // Each launch asks for it once more, in the open; nothing does by itself.
    expect(posts).toBeLessThan(2 * MAX_REPAIRS + 6);
  }));

test("a version stays while a conversation uses it and goes with the last one", () =>
  scene(async (scene) => {
    const young = await scene.publish(0, "b".repeat(40), "skill 0, mended");
    const first = await scene.launch();
    await scene.launch({ sha: young });
    const names = async () =>
      (await scene.rows("installedSkills")).map((row) => row.sha).sort();
    expect(await names()).toEqual([SHA, young]);
    expect(onlyBox(scene.world).disk.size).toBe(2);
    await look(scene);
    expect(await names()).toEqual([SHA, young]);
    await endSessions(scene, SHA);
    // Off the list at once, off the disk by the flight.
    expect(await names()).toEqual([young]);
    await scene.pass(10 * SECOND);
    expect([...onlyBox(scene.world).disk]).toEqual([
      `${keyOf(0)} ${digestOf("skill 0, mended")}`,
    ]);
    expect(await scene.rows("installs")).toEqual([]);
    expect((await scene.launchOf(first)).state).toBe("ready");
  }));

test("a version that is wanted again while it goes is there in the end", () =>
  scene(async (scene) => {
    const young = await scene.publish(0, "b".repeat(40), "skill 0, mended");
    await scene.launch();
    await scene.launch({ sha: young });
    await endSessions(scene, SHA);
    const again = await scene.launch({ settle: false });
    await scene.pass(MINUTE);
    expect(await scene.launchOf(again)).toMatchObject({
      state: "ready",
      path: "hot",
    });
    expect(onlyBox(scene.world).disk.size).toBe(2);
    expect(await scene.rows("installedSkills")).toHaveLength(2);
  }));

test("an uninstall that nobody answers is given up; the launches go on", () =>
  scene(async (scene) => {
    const young = await scene.publish(0, "b".repeat(40), "skill 0, mended");
    await scene.launch();
    await scene.launch({ sha: young });
    const { disk } = onlyBox(scene.world);
    disk.delete = () => {
      throw new BadGateway("nobody");
    };
    await endSessions(scene, SHA);
    await scene.pass(5 * MINUTE);
    expect(await scene.rows("installs")).toEqual([]);
    expect(scene.world.calls.get("DELETE /skills")).toBeLessThan(10);
    expect((await scene.rows("installedSkills")).map((row) => row.sha)).toEqual(
      [young],
    );
    expect((await view(scene)).state.status).toBe("running");
  }));

/** Deletes the conversations about a version, as their owner or their age does. */
async function endSessions(scene: Scene, sha: string): Promise<void> {
  await scene.tx(async (ctx) => {
    const slots = new Set<Id<"slots">>();
    for (const row of await ctx.db.query("sessions").collect()) {
      if (row.sha !== sha) continue;
      slots.add(row.slotId);
      await ctx.db.delete(row._id);
    }
    for (const slotId of slots) await retireVersions(ctx, slotId);
  });
}
