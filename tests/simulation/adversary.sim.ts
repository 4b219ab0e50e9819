import { expect, setDefaultTimeout, test } from "bun:test";
import { MINUTE, scene, SECOND } from "./use";
import { NoAnswer } from "./world";

/** Scenes of a sandbox that lies for ever, and of a provider that falls silent. */

setDefaultTimeout(60_000);

test("a daemon that is set up and forgets its key again and again is stopped in the end", () =>
  scene(async ({ world, launch, pass, rows, sandboxes }) => {
    // What runs in the sandbox may have taken the daemon's place.
    world.onConfig = (box) => {
      box.agent = "starting";
      world.clock.after(SECOND, () => {
        box.claim = null;
      });
    };
    await launch();
    await pass(30 * MINUTE);
    expect(world.calls.get("upload")).toBeLessThan(20);
    expect((await rows("events")).length).toBeLessThan(300);
    const [sandbox] = await sandboxes();
    expect(sandbox?.state.status).toBe("stopped");
  }));

test("a restart a day is no trouble: a sandbox is claimed anew each time", () =>
  scene(async ({ world, launch, call, pass, sandboxes }) => {
    await launch();
    for (let day = 0; day < 10; day++) {
      for (const box of world.live()) world.reboot(box);
      const [sandbox] = await sandboxes();
      await call("presence:keep", { slotId: sandbox?.slotId ?? "" });
      await pass(20 * MINUTE);
      expect((await sandboxes())[0]?.state.status).toBe("running");
    }
  }));

test("what nobody confirmed as stopped is looked at until it is known", () =>
  scene(async ({ world, launch, call, pass, sandboxes, rows }) => {
    await launch();
    const [before] = await sandboxes();
    const answer = world.call;
    world.call = () => Promise.reject(new NoAnswer("the line is cut"));
    await call("sandboxes:stop", { slotId: before?.slotId ?? "" });
    for (const box of world.live()) world.stop(box);
    await pass(8 * MINUTE);
    expect((await sandboxes())[0]?.state.status).toBe("running");
    world.call = answer;
    await pass(5 * MINUTE);
    expect((await sandboxes())[0]?.state.status).toBe("stopped");
    expect(await rows("places")).toEqual([]);
  }));

test("a start that nobody confirmed keeps its place until its stop is confirmed", () =>
  scene(async ({ world, launch, call, pass, sandboxes, rows }) => {
    await launch();
    const [before] = await sandboxes();
    const slotId = before?.slotId ?? "";
    await call("sandboxes:stop", { slotId });
    await pass(MINUTE);
    expect(await rows("places")).toEqual([]);
    const answer = world.call;
    world.call = () => Promise.reject(new NoAnswer("the line is cut"));
    await call("sandboxes:start", { slotId });
    await pass(12 * MINUTE);
    for (const box of world.live()) world.boot(box); // it comes late
    expect(await rows("places")).toHaveLength(1);
    world.call = answer;
    await pass(5 * MINUTE);
    expect((await sandboxes())[0]?.state.status).toBe("stopped");
    expect(world.live().map(({ state }) => state)).toEqual(["stopped"]);
    expect(await rows("places")).toEqual([]);
  }));

test("a program that sends commands in a loop is made to wait, and its log is no flood", () =>
  scene(async ({ launch, call, pass, sandboxes, rows }) => {
    await launch();
    const [sandbox] = await sandboxes();
    const slotId = sandbox?.slotId ?? "";
    let refused = 0;
    for (let at = 0; at < 400; at++) {
      await call("presence:keep", { slotId }).catch((error: unknown) => {
        expect(error).toMatchObject({ data: { code: "rate_limited" } });
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(100);
    expect((await rows("events")).length).toBeLessThan(300);
    await pass(MINUTE);
    await call("sandboxes:stop", { slotId });
  }));

test("a config write that a stop cut off is not overdue for ever", () =>
  scene(async ({ launch, call, pass, until, sandboxes, rows }) => {
    await launch({ settle: false });
    const writing = (row: Record<string, unknown>) =>
      (row.config as { status: string }).status === "writing";
    await until(async () => (await rows("boots")).some(writing));
    const [sandbox] = await sandboxes();
    await call("sandboxes:stop", { slotId: sandbox?.slotId ?? "" });
    await pass(2 * MINUTE);
    expect((await sandboxes())[0]?.state.status).toBe("stopped");
    expect((await rows("boots")).filter(writing)).toEqual([]);
  }));
