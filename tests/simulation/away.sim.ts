import { expect, setDefaultTimeout, test } from "bun:test";
import type { Doc } from "../../convex/_generated/dataModel";
import { NO_PROGRESS } from "../../convex/model/chat/limits";
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

test("an answer that was given while the server stood still is fetched before it is judged", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    const { fate } = scene.world;
    fate.ordained.set("way out of u1's default", "blocked"); // it would be there at once
    const message = { sessionId, text: "Go on.", clientId: "said" };
    await scene.call("sessions:send", message);
    const turn = async () => (await scene.rows("turns"))[0] as Doc<"turns">;
    await scene.until(async () => (await turn()).state === "running");
    // As if nobody had looked for so long.
    const ms = NO_PROGRESS + MINUTE;
    const { _id, checkAt, deadlineAt } = await turn();
    await scene.tx(async (ctx) => {
      const times = { checkAt: checkAt - ms, deadlineAt: deadlineAt - ms };
      await ctx.db.patch("turns", _id, times);
    });
    await scene.pass(8 * MINUTE);
    const messages = (await scene.rows("messages")) as Doc<"messages">[];
    const answer = messages.find(({ role }) => role === "assistant");
    expect(answer?.state).toBe("done");
  }));
