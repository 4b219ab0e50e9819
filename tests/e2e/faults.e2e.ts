import { afterAll, beforeAll, describe, test } from "bun:test";
import { cover, matrix, nameOf, pair } from "./harness/fault-matrix";
import { Scene } from "./harness/life";

/**
 * Every kind of fault and every request of the product at least once, and a few
 * pairs; `bun run faults` plays them all, with the patience they take. A name
 * that fails here is repeated by `bun run faults --hurry 800 --only "NAME"`, a
 * pair by `--seed S --pairs 1`. A request that the matrix does not know fails the
 * case in which it is made. What people open in a terminal or on a port goes
 * through the relay, which has tests of its own.
 */
const HURRY = { hurry: 800 };
const SEEDS = [3, 7, 12, 31];

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open();
}, 400_000);
afterAll(async () => {
  await scene?.close();
});

const named = (what: ReturnType<typeof pair>) => [nameOf(what), what] as const;

describe("a fault of the provider ends as it must, and one sweep leaves nothing over", () => {
  test.each(cover(matrix(HURRY)).map(named))("%s", async (_, what) => {
    await scene.play(what);
  });
});

describe("two faults at once", () => {
  test.each(SEEDS.map((seed) => [seed, pair(seed, HURRY)] as const))(
    "of seed %d",
    async (_, what) => {
      await scene.play(what);
    },
  );
});

// Not hurried: the agent asks its model in vain for longer than it used to try.
test("a stop that the sandbox does not hear is a stop all the same", async () => {
  const name = "work: POST /preview/{id}/4500/turns/{turn}/stop hang";
  const what = matrix().find((one) => nameOf(one) === name);
  if (!what) throw new Error(`${name} is not in the matrix.`);
  await scene.play(what);
});
