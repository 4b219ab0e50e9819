import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Backend } from "../../emulators/backend";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { Cleanup, watch, api } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const start = (options = {}) =>
  cleanup.backend(join("components", "app"), options);

const tally = (backend: Backend, fn: string, args: object, which = "tally") =>
  backend.run("counts:call", { which, fn, args } as never);
const count = (backend: Backend, name: string, which = "tally") =>
  backend.run("counts:ask", { which, fn: "get", args: { name } });

describe("a mounted component", () => {
  test("has tables of its own, also where the app has one of that name", async () => {
    const backend = await start();
    await backend.run("counts:both", { name: "a", fail: false });
    await tally(backend, "add", { name: "a" });
    expect(await count(backend, "a")).toBe(2);
    expect(await backend.run("counts:ids")).toHaveLength(1);
  });

  test("is mounted twice as two", async () => {
    const backend = await start();
    await tally(backend, "add", { name: "a" });
    expect(await count(backend, "a")).toBe(1);
    expect(await count(backend, "a", "secondTally")).toBe(0);
  });

  test("mounts components itself", async () => {
    const backend = await start();
    expect(await tally(backend, "archive", { name: "x" })).toMatchObject({
      count: 1,
      name: "lib:keep",
      componentPath: "tally/archive",
    });
    await tally(backend, "archive", { name: "y" }, "secondTally");
    expect(await tally(backend, "archive", { name: "z" })).toMatchObject({
      count: 2,
    });
  });

  test("takes the ids of the app for no ids of its own", async () => {
    const backend = await start();
    await backend.run("counts:both", { name: "a", fail: false });
    const [id] = (await backend.run("counts:ids")) as string[];
    const args = { which: "tally", fn: "knows", args: { id: id ?? "" } };
    expect(await backend.run("counts:ask", args)).toBe(false);
  });

  test("rolls back with its caller, and alone when the caller survives", async () => {
    const backend = await start();
    const failing = backend.run("counts:both", { name: "a", fail: true });
    await expect(failing).rejects.toThrow("failed on purpose");
    expect(await count(backend, "a")).toBe(0);

    await backend.run("counts:survive", { name: "too many" });
    expect(await backend.run("counts:survive", { name: "too many" })).toContain(
      "That is too many.",
    );
    expect(await count(backend, "too many")).toBe(1);
  });

  test("loses no update when callers run at once", async () => {
    const backend = await start({ concurrency: "optimistic" });
    const add = () => tally(backend, "add", { name: "a" });
    await Promise.all([add(), add(), add(), add()]);
    expect(await count(backend, "a")).toBe(4);
  });

  test("is told nobody's identity", async () => {
    const backend = await start();
    const args = { which: "tally", fn: "whoAsks", args: {} };
    const options = { identity: { subject: "ada" } };
    expect(await backend.run("counts:ask", args, options)).toBeNull();
  });

  test("is called by actions, and watched through the app's queries", async () => {
    const backend = await start();
    const client = cleanup.client(backend.url);
    const args = { which: "tally", fn: "get", args: { name: "a" } };
    const seen = watch<number>(client, api["counts"]!["ask"]!, args);
    await seen.until((value) => value === 0);
    await backend.run("counts:act", { fn: "add", args: { name: "a" } });
    await seen.until((value) => value === 1);
  });

  test("schedules its own internal functions on its own schedule", async () => {
    const backend = await start();
    expect(await tally(backend, "addLater", { name: "a" })).toBe(1);
    await backend.settle();
    expect(await count(backend, "a")).toBe(100);
    const jobs = await backend.transaction((ctx) =>
      ctx.db.system.query("_scheduled_functions").collect(),
    );
    expect(jobs).toEqual([]);
  });

  test("calls the app back through a handle, now and on schedule", async () => {
    const backend = await start();
    await backend.run("counts:askForCall", { note: "hello" });
    await backend.settle();
    expect(await backend.run("counts:notes")).toEqual([
      "hello now",
      "hello later",
    ]);
  });

  test("shows clients nothing, and the app only what is public", async () => {
    const backend = await start();
    const client = cleanup.client(backend.url);
    const direct = client.mutation(api["lib"]!["add"]!, { name: "a" });
    await expect(direct).rejects.toThrow("Could not find public function");
    const hidden = tally(backend, "addQuietly", { name: "a" });
    await expect(hidden).rejects.toThrow('in component "tally"');
  });

  test("keeps its data over a restart", async () => {
    const data = await cleanup.folder();
    const first = await start({ data });
    await tally(first, "add", { name: "a" });
    await first.close();
    expect(await count(await start({ data }), "a")).toBe(1);
  });
});

describe("@convex-dev/rate-limiter", () => {
  const note = (backend: Backend, fail = false) =>
    backend.run("counts:limitedNote", { note: "n", fail });

  test("limits, says when to retry, and lets through again then", async () => {
    const clock = new VirtualClock();
    const backend = await start({ clock });
    for (let i = 0; i < 3; i++) {
      expect(await note(backend)).toEqual({ ok: true });
    }
    expect(await note(backend)).toEqual({ ok: false, retryAfter: 60_000 });
    await clock.advance(60_000);
    expect(await note(backend)).toEqual({ ok: true });
    expect(await backend.run("counts:notes")).toHaveLength(4);
  });

  test("gives back what a failed mutation has taken", async () => {
    const backend = await start({ clock: new VirtualClock() });
    for (let i = 0; i < 5; i++) {
      await expect(note(backend, true)).rejects.toThrow("failed on purpose");
    }
    expect(await note(backend)).toEqual({ ok: true });
  });
});
