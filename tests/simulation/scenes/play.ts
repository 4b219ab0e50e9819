import type { Value } from "convex/values";
import type { Doc } from "../../../convex/_generated/dataModel";
import type { MutationCtx } from "../../../convex/_generated/server";
import type { BerthKind } from "../../../convex/model/berths";
import { startUninstall } from "../../../convex/lifecycle/installs";
import { hold, Violation, Watch } from "../invariants";
import { checkLiveness } from "../liveness";
import { keyOf, SHA, Stage } from "../stage";
import { disk } from "../stand-ins";
import { World } from "../world";

/**
 * Short schedules on the simulation's stage, under its invariants: nothing in
 * them is drawn but what their seed fixes. Each keeps every promise as the code
 * is, and breaks one with a guard taken out.
 */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

export type Scene = {
  env?: Record<string, string>;
  /** How the server runs. */
  mode?: Parameters<typeof Stage.open>[1];
  play(on: OnStage): Promise<void>;
};

/** What a scene is told with. */
export class OnStage {
  private asked = 0;

  constructor(
    readonly stage: Stage,
    readonly world: World,
    private readonly watch: Watch,
  ) {}

  call(path: string, args: Record<string, Value> = {}, user = "ann") {
    return this.stage.call(path, args, user);
  }

  /** Asks for a launch; answers its id. */
  async launch({
    user = "ann",
    skill = 0,
    sha = SHA,
    own = false,
  } = {}): Promise<string> {
    const args = { skillKey: keyOf(skill), sha, clientId: `${this.asked++}` };
    const wish = { ...args, ...(own && { own }) };
    const made = await this.call("launches:request", wish, user);
    return (made as { launchId: string }).launchId;
  }

  /** Does something to a user's first sandbox. */
  act(
    what: "start" | "stop" | "remove" | "replace" | "resumeReplace",
    user = "ann",
  ) {
    return this.call(
      `sandboxes:${what}`,
      { slotId: this.slot(user)._id },
      user,
    );
  }

  slotsOf(user = "ann"): Doc<"slots">[] {
    return disk
      .all("slots")
      .filter(({ userId }) => disk.find("users", userId)?.name === user);
  }

  slot(user = "ann"): Doc<"slots"> {
    const [slot] = this.slotsOf(user);
    if (!slot) throw new Error(`${user} has no slot.`);
    return slot;
  }

  /** Whether a user's first sandbox is called running. */
  runs(user = "ann"): boolean {
    return this.slot(user).state.status === "running";
  }

  launched(launchId: string): string | undefined {
    return disk.find("launches", launchId)?.state.state;
  }

  /** Somebody reports as a worker would, with a fence that was put together. */
  async claim(path: string, args: Record<string, Value>): Promise<void> {
    await this.call("simulation:echo", { path, args });
    await this.pass(SECOND);
  }

  /** Has a skill taken off a running sandbox, as when no conversation is about it any more. */
  uninstall(row: Doc<"installedSkills">): Promise<boolean> {
    return this.stage.transaction((ctx) =>
      startUninstall(ctx as MutationCtx, this.slot(), row, []),
    );
  }

  /** A job of somebody's takes this long, as one that nobody hears of. */
  async holdBerth(kind: BerthKind, user: string, ms: number): Promise<void> {
    const { userId } = this.slot(user);
    const expiresAt = this.world.clock.now() + ms;
    await this.stage.transaction((ctx) =>
      (ctx as MutationCtx).db.insert("berths", {
        ...{ kind, token: this.world.secret("berth"), userId, expiresAt },
      }),
    );
  }

  /** What becomes of a call: of the first of its kind as "... 1", of every one without a number. */
  ordain(about: string, fault: string): void {
    this.world.fate.ordained.set(about, fault);
  }

  /** Lets time pass in steps, after each of which `look` may find fault. */
  async pass(ms: number, look?: () => void): Promise<void> {
    for (let left = ms; left > 0; left -= SECOND) {
      await this.stage.pass(Math.min(left, SECOND));
      this.watch.overdue();
      look?.();
    }
  }

  /** Lets time pass until it is so; a scene that waits in vain is broken. */
  async until(promise: string, isSo: () => boolean, ms = 2 * MINUTE) {
    for (let passed = 0; !isSo(); passed += 50) {
      hold(promise, passed < ms);
      await this.stage.pass(50);
      this.watch.overdue();
    }
  }

  /** Misfortune ends, and within the time everything must come to rest. */
  async rest(minutes = 20): Promise<void> {
    this.world.fate.ordained.clear();
    this.world.mood = "none";
    for (let minute = 0; minute < minutes; minute++) {
      await this.pass(MINUTE);
      if (this.world.outstanding > 0) continue;
      if (checkLiveness(this.watch, this.world, disk) === null) return;
    }
    const problem = checkLiveness(this.watch, this.world, disk);
    if (problem) throw new Violation(problem);
  }
}

/** What a scene came to: transitions, and where its server went down. */
export type Come = Record<"moves" | "crashes", ReadonlyMap<string, number>>;

/** Plays a scene; what was broken in it, or null. `told` learns what it came to. */
export async function playScene(
  { play, env = {}, mode = {} }: Scene,
  told: (come: Come) => void = () => {},
) {
  const world = new World(1);
  const stage = await Stage.open(world, mode, env);
  const watch = new Watch(world, disk, () => {});
  try {
    await play(new OnStage(stage, world, watch));
    return watch.violation;
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  } finally {
    told({ moves: watch.moves, crashes: stage.crashes });
    await stage.close();
  }
}
