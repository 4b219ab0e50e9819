import { expect, test } from "bun:test";
import { installWorld } from "./install";
import { simulate } from "./run";

installWorld();

/** A slice; more with SLIPWAY_SIM_FROM and SLIPWAY_SIM_RUNS. A failure prints its seed. */
const FROM = Number(process.env.SLIPWAY_SIM_FROM ?? 1);
const RUNS = Number(process.env.SLIPWAY_SIM_RUNS ?? 25);

const ROUTES = [
  "create",
  "get",
  "start",
  "stop",
  "delete",
  "preview",
  "upload",
];
const FAULTS = ["before", "after", "hang", "late", "crash"];

test(
  `${RUNS} seeded runs keep every invariant`,
  async () => {
    const drawn = new Map<string, number>();
    for (let seed = FROM; seed < FROM + RUNS; seed++) {
      const { world } = await simulate(seed);
      for (const [key, count] of world.drawn) {
        for (const part of key.split(" ")) {
          drawn.set(part, (drawn.get(part) ?? 0) + count);
        }
      }
    }
    // The weather must have touched what matters, or the runs proved nothing.
    const missed = [...ROUTES, ...FAULTS].filter((part) => !drawn.get(part));
    expect(missed).toEqual([]);
  },
  RUNS * 5_000,
);
