import { afterEach, describe, expect, test } from "bun:test";
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
      // Four retries settle a race of up to five.
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

  test("gives up on a client's mutation after four retries, and says so", async () => {
    const backend = await cleanup.backend("chat", {
      concurrency: "optimistic",
    });
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, () =>
        backend.run("counters:increment", { name: "n" }),
      ),
    );
    const failed = results.filter((result) => result.status === "rejected");
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) {
      expect((reason as Error).message).toContain(
        "changed while it was being run",
      );
    }
    const done = results.length - failed.length;
    expect(await backend.run("counters:value", { name: "n" })).toBe(done);
  });
});
