import { afterEach, describe, expect, test } from "bun:test";
import { crashCycles } from "./backend-crash";
import { Ledger } from "./backend-crash-ledger";
import { Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** `bun run crash` does a thousand. */
const CYCLES = 12;

test(`${CYCLES} kills under load lose no acknowledged write and leave no half one`, async () => {
  const seed = crypto.randomUUID();
  const outcome = await crashCycles(cleanup, CYCLES, seed);
  expect(outcome.acknowledged).toBeGreaterThan(0);
  expect(outcome.transfers).toBeGreaterThanOrEqual(outcome.acknowledged);
}, 60_000);

describe("the check itself notices", () => {
  const transfer = (seq: number, id: string, settled = 1) => ({
    ...{ seq, id, from: 0, to: 1, amount: 10 },
    settled,
  });
  const page = (transfers: ReturnType<typeof transfer>[], moved: number) => ({
    count: transfers.length,
    accounts: [
      { name: 0, balance: -moved },
      { name: 1, balance: moved },
    ],
    transfers,
    announcements: [],
    waiting: 0,
  });
  const checked = (given: ReturnType<typeof page>, acknowledged = {}) => {
    const ledger = new Ledger();
    for (const [id, seq] of Object.entries(acknowledged)) {
      ledger.acknowledged.set(id, seq as number);
    }
    return () => {
      ledger.take(given);
      ledger.check();
    };
  };
  const two = [transfer(1, "a"), transfer(2, "b")];

  test("nothing where all adds up", () => {
    expect(checked(page(two, 20), { a: 1, b: 2 })).not.toThrow();
  });
  test("a lost write", () => {
    expect(checked(page(two, 20), { c: 3 })).toThrow("c was acknowledged");
  });
  test("half a transaction", () => {
    expect(checked(page(two, 10))).toThrow("account 0 has -10");
  });
  test("a gap", () => {
    const gap = page([transfer(1, "a"), transfer(3, "b")], 20);
    expect(checked(gap)).toThrow("transfer 2 is missing");
  });
  test("a write applied twice", () => {
    const twice = page([transfer(1, "a"), transfer(2, "a")], 20);
    expect(checked(twice)).toThrow("a is there as 1 and 2");
  });
  test("a job done twice", () => {
    expect(checked(page([transfer(1, "a", 2)], 10))).toThrow("settled 2 times");
  });
});
