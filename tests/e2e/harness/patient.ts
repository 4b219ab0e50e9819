import { deepEqual, equal, match, ok } from "node:assert/strict";
import { matrix, nameOf, type Case } from "./fault-matrix";
import { Life, type Scene } from "./life";
import { always, type Fault } from "./operator";
import { Owner } from "./owner";
import { until } from "./until";

/**
 * What takes the lifecycle's own minutes (convex/model/timing), for nothing
 * hurries the clock of the running product. The simulation plays the same on a
 * virtual one.
 */
export const PATIENT: Record<string, (scene: Scene) => Promise<string>> = {
  "a delete that never happens": async (scene) => {
    const { operator } = scene;
    const person = await Owner.of(scene.product, operator);
    await person.client.launchReady("storm/skills/s0");
    await person.write("kept");
    const old = await person.id();
    await operator.arm([
      always(`DELETE /sandbox/${old}`, { kind: "no-effect" }),
    ]);
    await person.ask("replace");
    const since = performance.now();
    // Three minutes, then the sweeper owns it and the new one is made.
    const sandbox = await person.reaches("running", 300_000);
    const took = performance.now() - since;
    ok(took > 175_000, `it gave up after ${took} ms`);
    deepEqual(sandbox.previous, { generation: sandbox.generation - 1 });
    equal(await person.read(), "kept");
    const states = (await operator.sandboxes()).filter(({ name }) =>
      name.includes(sandbox.slotId),
    );
    deepEqual(states.map(({ state }) => state).sort(), ["started", "stopped"]);
    await operator.arm([]);
    const { orphansHealed } = await operator.sweep();
    equal(orphansHealed, 0);
    await person.becomes("alone", ({ previous }) => previous === null);
    await until("end of the old one", async () => {
      return !(await operator.sandboxes()).some(({ id }) => id === old);
    });
    await person.delete();
    return `replaced after ${Math.round(took / 1_000)} s`;
  },

  "a stop that never happens": async (scene) => {
    const { operator } = scene;
    const person = await Owner.of(scene.product, operator);
    await person.client.launchReady("storm/skills/s0");
    const { slotId } = await person.sandbox();
    await operator.arm([always(`POST /sandbox/${await person.id()}/stop`)]);
    await person.client.ask("POST", "/sandboxes/stop-all");
    const states = new Set<string>();
    const item = await until(
      "end of the stop",
      async () => {
        const [item] = await person.fleet();
        states.add(item?.state ?? "none");
        return item?.state === "failed" && item;
      },
      { withinMs: 420_000, everyMs: 1_000 },
    );
    deepEqual([...states], ["stopping", "failed"]);
    equal(item.slotId, slotId);
    match(item.error?.next ?? "", /\w/);
    equal((await person.sandbox()).state.status, "running");
    await operator.arm([]);
    await person.client.ask("POST", "/sandboxes/stop-all");
    await person.reaches("stopped");
    deepEqual(
      (await person.fleet()).map(({ state }) => state),
      ["stopped"],
    );
    await person.delete();
    return `${item.error?.code}, stopped when asked again`;
  },

  "requests that never work": async (scene) => {
    const ends = await neverWorking(scene);
    return ends.join("\n");
  },

  // The last: from here on the count of healed orphans is not 0.
  "a sandbox that no record knows": async (scene) => {
    const { operator } = scene;
    const person = await Owner.of(scene.product, operator);
    await person.client.launchReady("storm/skills/s0");
    const { slotId } = await person.sandbox();
    const orphan = await (
      await operator.customer()
    ).create({
      snapshot: "bare",
      labels: {
        "slipway-deployment": await operator.deploymentId(),
        "slipway-slot": slotId,
        "slipway-generation": "99",
      },
    });
    const since = performance.now();
    // Two sweeps that see it and a minute between them: one alone deletes nothing.
    const first = await operator.sweep();
    equal(first.orphansHealed, 0);
    await operator.sweep();
    ok((await operator.sandboxes()).some(({ id }) => id === orphan.id));
    const { orphansHealed } = await until(
      "end of the orphan",
      async () => {
        const sweep = await operator.sweep();
        return sweep.orphansHealed > 0 && sweep;
      },
      { withinMs: 120_000, everyMs: 5_000 },
    );
    const took = performance.now() - since;
    equal(orphansHealed, 1);
    deepEqual(
      (await operator.sandboxes()).map(({ id }) => id),
      [await person.id()],
    );
    await person.delete();
    return `deleted after ${Math.round(took / 1_000)} s, reported as healed`;
  },
};

/** An active launch ends within 15 minutes, the cron that ends it comes every 15 s. */
const I6 = 15 * 60_000 + 60_000;

/** Every request of a launch fails for ever, each for somebody else, all at once. */
async function neverWorking(scene: Scene): Promise<string[]> {
  const { operator } = scene;
  const cases = matrix({}).filter(({ stage, faults }) => {
    const { kind, status } = faults.at(-1) as Fault;
    const chosen = ["error-before", "hang"].includes(kind) && !status;
    return chosen && (stage === "wake" || stage === "create");
  });
  // Each with the sandbox its faults are about; a create has none, and comes last.
  const all: { what: Case; life: Life; faults: Fault[] }[] = [];
  for (const what of cases.filter(({ stage }) => stage === "wake")) {
    const life = await Life.begin(scene.product, operator);
    const faults = await life.about(what);
    all.push({
      what,
      life,
      faults: faults.map((one) => always(one.route, one)),
    });
  }
  for (const what of cases.filter(isCreate).slice(0, 1)) {
    const life = await Life.begin(scene.product, operator);
    const faults = what.faults.map((one) => always(one.route, one));
    all.push({ what, life, faults });
  }
  await operator.arm(all.flatMap(({ faults }) => faults));
  const ends = await Promise.all(
    all.map(async ({ what, life }) => {
      const since = performance.now();
      const outcome = await life.act(what.stage, I6);
      const s = Math.round((performance.now() - since) / 1_000);
      return `  ${s} s  ${outcome.padEnd(22)} always ${nameOf(what)}`;
    }),
  );
  await operator.arm([]);
  const { orphansHealed } = await operator.sweep();
  equal(orphansHealed, 0);
  for (const { life } of all) await life.launchAgain();
  for (const { life } of all) await life.end();
  return ends;
}

const isCreate = ({ stage, faults }: Case) =>
  stage === "create" && faults[0]?.route === "POST /sandbox";
