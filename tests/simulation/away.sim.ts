import { expect, setDefaultTimeout, test } from "bun:test";
import type { Doc } from "../../convex/_generated/dataModel";
import { NO_PROGRESS, TURN_LIMIT } from "../../convex/model/chat/limits";
import { MINUTE, scene, SECOND } from "./use";

/** Somebody comes back: a person to a sandbox about to stop, the server to what went on without it. */

setDefaultTimeout(60_000); // for a busy machine

test("whoever comes back during a look that keeps nothing running has another made", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const [{ autoStopAt } = { autoStopAt: null }] = await scene.sandboxes();
    await scene.pass(autoStopAt! - scene.now() - 90 * SECOND);
    scene.world.fate.ordained.set("get of u1's default", "slow");
    const isClaimed = async () => {
      const [row] = await scene.rows("activity");
      return (row?.["probe"] as { claimed: boolean } | undefined)?.claimed;
    };
    await scene.until(isClaimed);
    await scene.call("presence:watch", { sessionId });
    await scene.pass(40 * SECOND);
    const [sandbox] = await scene.sandboxes();
    expect(sandbox?.warnedAt).toBeNull();
  }));

test.each([NO_PROGRESS, TURN_LIMIT])(
  "an answer that was given while the server stood still is fetched before it is judged (%d ms)",
  (limit) =>
    scene(async (scene) => {
      const { sessionId } = await scene.launch();
      const { fate, runs } = scene.world;
      // Nothing of it arrives, as while nobody is there to take it.
      fate.ordained.set("way out of u1's default", "blocked");
      fate.ordained.set("GET /turns of u1's default", "before");
      const message = { sessionId, text: "Go on.", clientId: "said" };
      await scene.call("sessions:send", message);
      const turn = async () => (await scene.rows("turns"))[0] as Doc<"turns">;
      await scene.until(async () => (await turn()).state === "running");
      const works = () => [...runs.values()].flat().some((run) => run.works);
      for (let i = 0; i < 60 && works(); i++) await scene.pass(10 * SECOND);
      expect(works()).toBe(false);
      fate.ordained.clear();
      const { _id, checkAt, deadlineAt, startedAt = 0 } = await turn();
      const ms = limit + MINUTE;
      await scene.tx((ctx) =>
        ctx.db.patch("turns", _id, {
          checkAt: checkAt - ms,
          deadlineAt: deadlineAt - ms,
          startedAt: startedAt - ms,
        }),
      );
      await scene.pass(2 * MINUTE);
      const messages = (await scene.rows("messages")) as Doc<"messages">[];
      const answer = messages.find(({ role }) => role === "assistant");
      expect(answer?.state).toBe("done");
    }),
);

test("what vanished at the provider is found however many are known longer", () =>
  scene(async (scene) => {
    await scene.launch();
    const [{ slotId } = { slotId: "" }] = await scene.sandboxes();
    await scene.call("sandboxes:stop", { slotId });
    await scene.pass(20 * SECOND);
    const [remote] = (await scene.rows("remotes")) as Doc<"remotes">[];
    if (!remote) throw new Error("There is no sandbox.");
    const { _id, _creationTime, ...row } = remote;
    await scene.tx(async (ctx) => {
      for (let i = 1; i <= 2_000; i++) {
        const nextAt = remote.nextAt - i;
        const former = { ...row, generation: -i, nextAt, remoteId: `${i}` };
        await ctx.db.insert("remotes", former);
      }
    });
    scene.world.boxes.clear();
    const stateOf = async () => (await scene.sandboxes())[0]?.state.status;
    expect(await stateOf()).toBe("stopped");
    await scene.pass(4 * MINUTE);
    expect(await stateOf()).not.toBe("stopped");
  }));
