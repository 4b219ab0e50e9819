import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { api, Cleanup, FIXTURES, watch } from "./backend-harness";
import { startProcess } from "./backend-process";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const jobs = api["jobs"]!;
type Job = {
  name: string;
  scheduledTime: number;
  completedTime?: number;
  state: { kind: string; error?: string };
};

async function virtual(fixture: string) {
  const clock = new VirtualClock();
  const backend = await cleanup.backend(fixture, { clock, seed: "s" });
  const schedule = (fn: string, text: string, ms: number) =>
    backend.run("jobs:schedule", { fn, text, ms }) as Promise<string>;
  const state = async (id: string) =>
    (await backend.run("jobs:state", { id })) as Job;
  const notes = () => backend.run("jobs:notes") as Promise<string[]>;
  return { clock, backend, schedule, state, notes };
}

describe("scheduled functions", () => {
  test("run when due, in order, and their state can be read", async () => {
    const { clock, schedule, state, notes } = await virtual("jobs");
    const late = await schedule("note", "late", 2_000);
    const soon = await schedule("note", "soon", 1_000);
    expect((await state(late)).state).toEqual({ kind: "pending" });
    await clock.advance(999);
    expect(await notes()).toEqual([]);
    await clock.advance(1);
    expect(await notes()).toEqual(["soon"]);
    await clock.advance(5_000);
    expect(await notes()).toEqual(["soon", "late"]);
    const job = await state(soon);
    expect(job).toMatchObject({
      name: "jobs.js:note",
      state: { kind: "success" },
    });
    expect(job.completedTime).toBe(job.scheduledTime);
  });

  test("that fail change nothing and say why", async () => {
    const { clock, schedule, state, notes } = await virtual("jobs");
    const id = await schedule("failing", "x", 0);
    await clock.advance(1);
    expect(await notes()).toEqual([]);
    const job = await state(id);
    expect(job.state.kind).toBe("failed");
    expect(job.state.error).toContain("this job fails");
  });

  test("are part of the mutation that schedules them", async () => {
    const { clock, backend, notes } = await virtual("jobs");
    await expect(backend.run("jobs:scheduleThenThrow")).rejects.toThrow(
      "changed my mind",
    );
    await clock.advance(1_000);
    expect(await notes()).toEqual([]);
  });

  test("that are cancelled before they begin never do", async () => {
    const { clock, backend, schedule, state, notes } = await virtual("jobs");
    const id = await schedule("note", "x", 1_000);
    await backend.run("jobs:cancel", { id });
    await clock.advance(5_000);
    expect(await notes()).toEqual([]);
    expect((await state(id)).state).toEqual({ kind: "canceled" });
  });

  test("may be a thousand in one mutation, not one more", async () => {
    const { clock, backend, notes } = await virtual("jobs");
    await expect(
      backend.run("jobs:scheduleMany", { count: 1_001 }),
    ).rejects.toThrow("limit: 1000");
    await backend.run("jobs:scheduleMany", { count: 1_000 });
    await clock.advance(1_000);
    await backend.settle();
    expect(await notes()).toHaveLength(1_000);
  });

  test("must exist, and must not be queries", async () => {
    const { schedule } = await virtual("jobs");
    await expect(schedule("nothing", "x", 0)).rejects.toThrow("jobs:nothing");
    await expect(schedule("notes", "x", 0)).rejects.toThrow("is a query");
  });
});

describe("scheduled functions across a crash", () => {
  const functions = join(FIXTURES, "jobs");

  test("an action that was running has failed and is not run again", async () => {
    const data = await cleanup.folder();
    let backend = await startProcess(cleanup, { functions, data });
    const client = cleanup.client(backend.url);
    const notes = watch<string[]>(client, jobs["notes"]!);
    const id = (await client.mutation(jobs["schedule"]!, {
      fn: "long",
      text: "began",
      ms: 0,
    })) as string;
    await notes.until((texts) => texts.length === 1);
    await backend.kill();

    backend = await startProcess(cleanup, { functions, data });
    const http = new ConvexHttpClient(backend.url, { logger: false });
    const job = (await http.query(jobs["state"]!, { id })) as Job;
    expect(job.state.kind).toBe("failed");
    expect(job.state.error).toContain("not run again");
    expect(await http.query(jobs["notes"]!, {})).toEqual(["began"]);
  }, 15_000);

  test("a mutation that came due meanwhile runs once", async () => {
    const data = await cleanup.folder();
    const start = Date.UTC(2025, 0, 1);
    const notesAfter = async (clock: VirtualClock, fn?: string) => {
      const backend = await cleanup.backend("jobs", { clock, data });
      if (fn)
        await backend.run("jobs:schedule", { fn, text: "due", ms: 1_000 });
      await clock.advance(500);
      const notes = await backend.run("jobs:notes");
      await backend.close();
      return notes;
    };
    expect(await notesAfter(new VirtualClock(start), "note")).toEqual([]);
    const later = start + 60_000;
    expect(await notesAfter(new VirtualClock(later))).toEqual(["due"]);
    expect(await notesAfter(new VirtualClock(later + 60_000))).toEqual(["due"]);
  });
});

describe("crons", () => {
  type Tick = { name: string; at: number };
  const start = Date.UTC(2025, 0, 1);

  async function ticksAfter(ms: number): Promise<(name: string) => number[]> {
    const { clock, backend } = await virtual("crons");
    await clock.advance(ms);
    const ticks = (await backend.run("work:ticks")) as Tick[];
    return (name) =>
      ticks
        .filter((tick) => tick.name === name)
        .map(({ at }) => (at - start) / 1000);
  }

  test("an interval begins at once and goes on", async () => {
    const at = await ticksAfter(100_000);
    expect(at("tick")).toEqual([0, 30, 60, 90]);
  });

  test("a daily one runs at its time", async () => {
    const at = await ticksAfter(20 * 60_000);
    expect(at("nightly")).toEqual([15 * 60]);
  });

  test("one that takes longer than its interval never overlaps itself", async () => {
    const at = await ticksAfter(100_000);
    expect(at("slow begins")).toEqual([0, 30, 60, 90]);
    expect(at("slow ends")).toEqual([25, 55, 85]);
  });

  test("keep their times across a restart", async () => {
    const data = await cleanup.folder();
    const clock = new VirtualClock(start);
    const first = await cleanup.backend("crons", { clock, data });
    await clock.advance(40_000);
    await first.close();
    // Down for a while: what passed is made up for once.
    const later = new VirtualClock(start + 130_000);
    const second = await cleanup.backend("crons", { clock: later, data });
    await later.advance(60_000);
    const ticks = (await second.run("work:ticks")) as Tick[];
    const at = ticks
      .filter(({ name }) => name === "tick")
      .map((tick) => (tick.at - start) / 1000);
    expect(at).toEqual([0, 30, 130, 150, 180]);
  });
});
