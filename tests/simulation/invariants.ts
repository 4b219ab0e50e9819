import type { GenericMutationCtx } from "convex/server";
import type { DataModel } from "../../convex/_generated/dataModel";
import { LAUNCH_DEADLINE } from "../../convex/model/timing";
import { digestOf, type World } from "./world";

type Ctx = GenericMutationCtx<DataModel>;

/** A cron may come this much later than a deadline, in ms. */
const CRON_SLACK = 60_000;

/** What must hold after every step. Throws with the invariant's name. */
export async function checkSafety(ctx: Ctx, world: World): Promise<void> {
  const now = Date.now();
  for (const slot of await ctx.db.query("slots").collect()) {
    const remotes = await ctx.db
      .query("remotes")
      .withIndex("by_slot_and_generation", (q) => q.eq("slotId", slot._id))
      .collect();
    const names = new Set(remotes.map((remote) => remote.generation));
    hold("I7 one row per generation", names.size === remotes.length);
    hold(
      "I1 only the newest generation may be wanted",
      remotes.every(
        (remote) =>
          remote.generation === slot.generation ||
          ["deleting", "unsettled", "gone"].includes(remote.state),
      ),
    );
    const boxes = world
      .live()
      .filter((box) => box.labels["slipway-slot"] === slot._id);
    for (const box of boxes) {
      hold("I7 recorded before it exists", names.has(generationOf(box)));
    }
    hold(
      "I1 one live remote per generation",
      new Set(boxes.map((box) => box.name)).size === boxes.length,
    );
    const lease = await ctx.db
      .query("leases")
      .withIndex("by_slot", (q) => q.eq("slotId", slot._id))
      .collect();
    hold("one lease per slot", lease.length <= 1);
    const moving = ["creating", "starting", "stopping", "deleting"];
    hold(
      "a transition has a lease, rest has none",
      (lease.length === 1) === moving.includes(slot.state.status),
    );
  }
  for (const row of await ctx.db.query("installedSkills").collect()) {
    const remote = await ctx.db
      .query("remotes")
      .withIndex("by_slot_and_generation", (q) =>
        q.eq("slotId", row.slotId).eq("generation", row.generation),
      )
      .unique();
    const box = remote?.remoteId && world.boxes.get(remote.remoteId);
    hold(
      "I4 listed only what is on disk",
      box ? box.disk.has(`${row.skillKey} ${row.digest}`) : false,
    );
  }
  for (const launch of await ctx.db.query("launches").collect()) {
    const ended = "at" in launch.state;
    hold("a launch is active or ended", launch.active !== ended);
    hold(
      "I6 ended within its deadline",
      ended || now <= launch._creationTime + LAUNCH_DEADLINE + CRON_SLACK,
    );
  }
}

/** What must hold once the weather has cleared and time has passed. */
export async function checkLiveness(ctx: Ctx, world: World): Promise<void> {
  for (const launch of await ctx.db.query("launches").collect()) {
    hold(`I6 launch ${launch._id} ended`, !launch.active);
  }
  const wanted = new Set<string>();
  for (const slot of await ctx.db.query("slots").collect()) {
    hold(
      `slot ${slot._id} came to rest (${slot.state.status})`,
      !["creating", "starting", "stopping", "deleting"].includes(
        slot.state.status,
      ),
    );
    const remote = await ctx.db
      .query("remotes")
      .withIndex("by_slot_and_generation", (q) =>
        q.eq("slotId", slot._id).eq("generation", slot.generation),
      )
      .unique();
    const rests = ["running", "stopped"].includes(slot.state.status);
    if (rests && remote?.remoteId) wanted.add(remote.remoteId);
    const box = remote?.remoteId ? world.boxes.get(remote.remoteId) : null;
    if (slot.state.status === "running") {
      hold("running is running", box?.state === "started");
    }
    if (slot.state.status === "stopped") {
      hold("stopped is stopped", box?.state === "stopped");
    }
  }
  const sweep = await ctx.db.query("sweeps").first();
  hold("I7 no orphan had to be healed", (sweep?.orphansHealed ?? 0) === 0);
  const live = world.live().map((box) => box.id);
  hold(
    `I7 nothing at the provider that no record wants: ${live.filter((id) => !wanted.has(id)).join()}`,
    live.every((id) => wanted.has(id)),
  );
  hold(
    `every wanted remote exists`,
    [...wanted].every((id) => live.includes(id)),
  );
  for (const boot of await ctx.db.query("boots").collect()) {
    if (boot.config.status !== "clean") continue;
    const slot = await ctx.db.get(boot.slotId);
    if (slot?.state.status !== "running") continue;
    const remote = await ctx.db
      .query("remotes")
      .withIndex("by_slot_and_generation", (q) =>
        q.eq("slotId", slot._id).eq("generation", slot.generation),
      )
      .unique();
    const box = remote?.remoteId ? world.boxes.get(remote.remoteId) : null;
    hold(
      "I5 the recorded hash is on disk",
      box?.config?.hash === boot.config.hash,
    );
  }
}

function generationOf(box: { labels: Record<string, string> }): number {
  return Number(box.labels["slipway-generation"]);
}

export class Violation extends Error {}

function hold(invariant: string, holds: boolean): void {
  if (!holds) throw new Violation(invariant);
}

export { digestOf };
