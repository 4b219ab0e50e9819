import { afterEach, describe, expect, test } from "bun:test";
import { realClock, soon, type Clock } from "../../emulators/backend/clock";
import { BACKOFF } from "../../emulators/backend/limits";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

describe.each(["serial", "optimistic"] as const)(
  "%s mutations",
  (concurrency) => {
    test("that read what others write lose no update", async () => {
      const backend = await cleanup.backend("chat", { concurrency });
      for (let round = 0; round < 5; round++) {
        await times(5, () => backend.run("counters:increment", { name: "n" }));
      }
      expect(await backend.run("counters:value", { name: "n" })).toBe(25);
    });
  },
);

describe("the optimistic mode", () => {
  const wrongly = (concurrency: "serial" | "optimistic") =>
    cleanup.backend("chat", { concurrency }).then(async (backend) => {
      await times(4, () =>
        backend.run("counters:incrementWrongly", { name: "w" }),
      );
      return backend.run("counters:value", { name: "w" });
    });

  test("catches a function that is wrong when it is run again", async () => {
    expect(await wrongly("serial")).toBe(4);
    expect(await wrongly("optimistic")).toBeGreaterThan(4);
  });

  test("lets 50 that conflict through, one after the other", async () => {
    const story = async (seed: string) => {
      const options = { concurrency: "optimistic", seed } as const;
      const clock = new VirtualClock();
      const backend = await cleanup.backend("chat", { ...options, clock });
      const counts = await times(50, () =>
        backend.run("counters:increment", { name: "n" }),
      );
      expect(await backend.run("counters:value", { name: "n" })).toBe(50);
      return counts.join();
    };
    const one = await story("one");
    expect(new Set(one.split(",")).size).toBe(50);
    // Who comes when is the seed's.
    expect(await story("one")).toBe(one);
    expect(await story("another")).not.toBe(one);
  });

  test("waits before it tries again, each time up to twice as long", async () => {
    const { clock, waits } = impatient();
    await failing(clock);
    expect(waits.length).toBeGreaterThan(100);
    const most = BACKOFF.firstMs * 2 ** 3; // before the fourth and last retry
    expect(Math.max(...waits)).toBeLessThan(most);
    expect(Math.max(...waits)).toBeGreaterThan(most / 2);
    expect(new Set(waits).size).toBe(waits.length);
    const first = waits.slice(0, 29); // of the 30 one had no conflict
    expect(Math.max(...first)).toBeLessThan(BACKOFF.firstMs);
  });

  test("gives up on a client's mutation after four retries, and says so", async () => {
    const { failed, counted } = await failing(impatient().clock);
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) {
      expect((reason as Error).message).toContain(
        "changed while it was being run",
      );
    }
    expect(counted).toBe(30 - failed.length);
  });

  test("answers 503 then, over HTTP: it may be sent again", async () => {
    const options = { concurrency: "optimistic" } as const;
    const { clock } = impatient();
    const { url, run } = await cleanup.backend("chat", { ...options, clock });
    const args = { name: "n" };
    const body = JSON.stringify({ path: "counters:increment", args });
    const statuses: number[] = [];
    for (let round = 0; round < 50 && !statuses.includes(503); round++) {
      const headers = { "content-type": "application/json" };
      const asked = { method: "POST", headers, body };
      const answers = await times(60, () =>
        fetch(`${url}/api/mutation`, asked),
      );
      for (const answer of answers) {
        statuses.push(answer.status);
        const said = (await answer.json()) as { code?: string };
        if (answer.status === 200) continue;
        expect(said.code).toBe("OptimisticConcurrencyControlFailure");
      }
    }
    expect(statuses).toContain(503);
    const done = statuses.filter((status) => status === 200).length;
    expect(await run("counters:value", { name: "n" })).toBe(done);
  });

  /** 30 at once that never get out of one another's way. */
  async function failing(clock: Clock) {
    const options = { concurrency: "optimistic", clock } as const;
    const backend = await cleanup.backend("chat", options);
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, () =>
        backend.run("counters:increment", { name: "n" }),
      ),
    );
    const failed = results.filter((result) => result.status === "rejected");
    const counted = await backend.run("counters:value", { name: "n" });
    return { failed, counted };
  }
});

/** A clock whose short waits take no time; it notes how long they would be. */
function impatient(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  const after: Clock["after"] = (ms, wake) => {
    if (ms > BACKOFF.longestMs) return realClock.after(ms, wake);
    waits.push(ms);
    soon(wake);
    return () => {};
  };
  return { clock: { ...realClock, after }, waits };
}
