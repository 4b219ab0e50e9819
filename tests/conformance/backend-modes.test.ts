import { afterEach, describe, expect, test } from "bun:test";
import type { Backend, BackendOptions, Step } from "../../emulators/backend";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { Ledger, type Page } from "./backend-crash-ledger";
import { Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const SEEDS = Array.from({ length: 20 }, (_, i) => `seed ${i}`);
const shop = (options: Partial<BackendOptions> = {}) =>
  cleanup.backend("mistakes", options);

describe("a mistake that is one only when a mutation runs again", () => {
  /** The test its author would write: receipts are numbered without a gap. */
  async function noGap(options: Partial<BackendOptions>): Promise<boolean> {
    const backend = await shop(options);
    const first = (await backend.run("shop:giveReceipt")) as number;
    return (await backend.run("shop:giveReceipt")) === first + 1;
  }
  test("passes as things are, and fails in the retrying mode", async () => {
    expect(await noGap({})).toBe(true);
    expect(await noGap({ concurrency: "optimistic" })).toBe(true);
    expect(await noGap({ concurrency: "retrying" })).toBe(false);
  });
  test("what is right stays right in it", async () => {
    const backend = await cleanup.backend("chat", { concurrency: "retrying" });
    const increment = () => backend.run("counters:increment", { name: "n" });
    await Promise.all([increment(), increment(), increment()]);
    expect(await backend.run("counters:value", { name: "n" })).toBe(3);
  });
});

describe("a mistake that is one only on a stale snapshot", () => {
  /** The test its author would write: refilling the shelf changes no sum. */
  async function sumHolds(options: Partial<BackendOptions>): Promise<boolean> {
    const backend = await shop(options);
    await backend.run("shop:put", { part: "store", count: 10 });
    const refilled = backend.run("shop:refill");
    const sum = await backend.run("shop:stock");
    await refilled;
    return sum === 10;
  }
  test("passes as things are, and fails in some order of the steps", async () => {
    expect(await sumHolds({})).toBe(true);
    const outcomes = [];
    for (const seed of SEEDS) {
      outcomes.push(await sumHolds({ seed, interleave: true }));
    }
    expect(outcomes).toContain(false);
    expect(outcomes).toContain(true);
  });
});

describe("a mistake that is one only because actions run at most once", () => {
  /** The test its author would write: what is ordered gets delivered. */
  async function delivered(crashAt: (step: Step) => boolean): Promise<boolean> {
    const data = await cleanup.folder();
    const onStep = (step: Step) => (crashAt(step) ? "crash" : undefined);
    const first = await shop({ data, onStep });
    await first.run("shop:order");
    await Promise.race([first.settle(), first.crashed]);
    await first.close();
    const second = await shop({ data });
    await second.settle();
    const orders = (await second.run("shop:orders")) as string[];
    return orders.join() === "delivered";
  }
  test("passes as things are, and fails after a crash in the action", async () => {
    expect(await delivered(() => false)).toBe(true);
    const inAction = ({ kind }: Step) => kind === "action";
    expect(await delivered(inAction)).toBe(false);
  });
});

describe("the order of steps", () => {
  async function story(seed: string): Promise<string> {
    const steps: string[] = [];
    const clock = new VirtualClock();
    const backend = await cleanup.backend("ledger", {
      ...{ seed, interleave: true, clock, concurrency: "optimistic" },
      onStep: ({ at, kind, path }) => void steps.push(`${at} ${kind} ${path}`),
    });
    const transfers = ["a", "b", "c"].map((id, i) => transfer(backend, id, i));
    const numbers = await Promise.all(transfers);
    await clock.advance(1_000);
    await backend.close();
    return [...steps, numbers.join()].join("\n");
  }
  test("is the seed's, and another seed's is another", async () => {
    const [one, same] = [await story("one"), await story("one")];
    expect(same).toBe(one);
    expect(one.split("\n").length).toBeGreaterThan(30);
    const others = await Promise.all(SEEDS.slice(0, 5).map(story));
    expect(new Set([one, ...others]).size).toBe(6);
  });
});

test("a crash at any step of a transfer and its jobs loses and halves nothing", async () => {
  const crashAfter = async (steps: number): Promise<boolean> => {
    const data = await cleanup.folder();
    const clock = new VirtualClock();
    let taken = -Infinity; // starting takes steps too
    const onStep = () => (++taken > steps ? "crash" : undefined);
    const first = await cleanup.backend("ledger", { data, clock, onStep });
    const ledger = new Ledger();
    for (const id of ["a", "b", "c"]) {
      ledger.acknowledged.set(id, await transfer(first, id, 0));
    }
    await clock.advance(1_000);
    taken = 0; // the fourth transfer is the first with an action
    const seq = await Promise.race([transfer(first, "d", 0), first.crashed]);
    if (seq !== undefined) ledger.acknowledged.set("d", seq);
    await Promise.race([clock.advance(1_000), first.crashed]);
    const crashed = taken > steps;
    await first.close();
    const second = await cleanup.backend("ledger", { data, clock });
    await second.settle();
    ledger.take((await second.run("ledger:audit", { from: 1 })) as Page);
    ledger.check();
    ledger.checkSettled();
    await second.close();
    return crashed;
  };
  let steps = 0;
  while (await crashAfter(steps)) steps += 1;
  // The transfer's calls and commit, those of its two jobs, and their states.
  expect(steps).toBeGreaterThan(25);
}, 30_000);

test("the smallest class lets no more run at once than it has places", async () => {
  const backend = await cleanup.backend("jobs", {
    deploymentClass: "smallest",
    concurrency: "optimistic",
  });
  const schedule = (i: number) =>
    backend.run("jobs:schedule", { fn: "note", text: `${i}`, ms: 0 });
  await Promise.all(Array.from({ length: 40 }, (_, i) => schedule(i)));
  const read = () => backend.run("jobs:notes");
  await Promise.all(Array.from({ length: 40 }, read));
  await backend.settle();
  expect(await backend.run("jobs:notes")).toHaveLength(40);
  const { peak } = backend.stats();
  expect(peak.mutations).toBe(16);
  expect(peak.queries).toBe(16);
  expect(peak.jobs).toBeGreaterThan(1);
  expect(peak.jobs).toBeLessThanOrEqual(8);
});

const transfer = (backend: Backend, id: string, from: number) =>
  backend.run("ledger:transfer", {
    ...{ id, from, to: from + 1, amount: 10 },
  }) as Promise<number>;
