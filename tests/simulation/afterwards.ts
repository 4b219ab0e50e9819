import type { Doc, Id } from "../../convex/_generated/dataModel";
import {
  answerTo,
  isAnswered,
  isInLine,
  isReady,
  isUnderWay,
  slotOf,
  waits,
  type Asked,
} from "./asked";
import { hold } from "./hold";
import { isRestorable } from "../../convex/model/fleet";
import { toFailure } from "../../convex/model/errors";
import { canCancel } from "../../convex/model/replace";
import { MAX_STRIKES } from "../../convex/model/slotMoves";
import { STEADY } from "../../convex/model/timing";
import type { Watch } from "./invariants";
import type { Dice } from "./random";
import { keyOf, PLACES, SHA, SKILLS, type Stage } from "./stage";
import { disk } from "./stand-ins";
import type { Visitor } from "./tabs";

/**
 * What must be true of wherever everything came to rest: whoever launches now
 * gets it, whoever speaks is answered, and what is started, stopped, replaced or
 * deleted is. A state that only looks like rest shows here.
 */

const SECOND = 1_000;

/** Longer than anything may take with a provider that is well. */
const SERVED = 6 * 60 * SECOND;

type Slot = Doc<"slots">;
type Status = Slot["state"]["status"];

/** What owners may want of a sandbox at rest, and where that leads. */
type Command = {
  what: string;
  from: Status[];
  to: Status[];
  mayHalt?: true;
  can?: (state: Slot["state"]) => boolean;
  also?: object;
};
const COMMANDS: Command[] = [
  { what: "stop", from: ["running"], to: ["stopped"] },
  { what: "start", from: ["stopped"], to: ["running"] },
  { what: "replace", from: ["running", "stopped"], to: ["running"] },
  {
    what: "resumeReplace",
    from: ["replacing"],
    to: ["running"],
    mayHalt: true, // what made it may be there still: files that cannot be copied
  },
  {
    what: "cancelReplace",
    from: ["replacing"],
    to: ["running", "stopped"],
    can: (state) => state.status === "replacing" && canCancel(state),
    also: { withoutFiles: true },
  },
];

export class Afterwards {
  /** Sandboxes that are given up, with the reason, should this boot not hold either. */
  private readonly doubted = new Set<Id<"slots">>();

  constructor(
    private readonly stage: Stage,
    private readonly watch: Watch,
    private readonly visitors: readonly Visitor[],
    private readonly dice: Dice,
    private readonly tell: (text: string) => void,
  ) {}

  /** Every user wants everything once more; throws a violation unless each is served. */
  async play(): Promise<void> {
    for (const box of this.stage.world.live()) {
      box.fullUntil = 0; // somebody made room
      // And has restarted the agent, with what it did for nobody.
      box.agent = "ready";
      box.turns.clear();
    }
    const now = this.stage.world.clock.now();
    for (const { slot } of this.slots()) {
      if (isOnItsLastTry(slot, now)) this.doubted.add(slot._id);
    }
    const asked = await this.launch();
    await this.speak(asked);
    await this.takeBack(asked);
    await this.stopAll();
    await this.command();
    await this.remove();
  }

  /** Whoever has conversations goes on with one, or launches. */
  private async launch(): Promise<Asked[]> {
    const asked: Asked[] = [];
    for (const visitor of this.visitors) {
      const old = this.dice.pick([null, ...visitor.sessions().filter(isThere)]);
      if (old) asked.push({ visitor, sessionId: old._id });
      const key = keyOf(this.dice.between(0, SKILLS - 1));
      const own = this.dice.chance(0.3);
      const into = own ? key : "default";
      if (old || slotsOf(visitor).some(isHalted(into))) continue;
      const wish = { skillKey: key, sha: SHA, clientId: visitor.nextId(), own };
      const made = await this.call("launches:request", wish, visitor);
      asked.push({ visitor, ...(made as Omit<Asked, "visitor">) });
    }
    await this.until("whoever launches at rest is served", () =>
      asked.every((one) => isReady(one) || waits(one) || this.isGivenUp(one)),
    );
    const lost = asked.filter((one) => this.isGivenUp(one));
    if (lost.length > 0) await this.again(lost);
    return asked.filter((one) => !waits(one));
  }

  private async speak(asked: Asked[]): Promise<void> {
    for (const one of asked) await this.say(one);
    await this.until("whoever speaks at rest is answered", () =>
      asked.every(
        (one) => isAnswered(one) || waits(one) || this.isGivenUp(one),
      ),
    );
    const lost = asked.filter((one) => this.isGivenUp(one));
    if (lost.length === 0) return;
    await this.again(lost);
    for (const one of lost) await this.say(one);
    await this.until(
      "whoever speaks after a sandbox was given up is answered",
      () => lost.every((one) => isAnswered(one) || waits(one)),
    );
  }

  /**
   * A key that was sent long ago and arrives only now takes the daemon's own away,
   * which is found out when it is next used. After so many boots that did not hold
   * it is stopped then, and says: launch again.
   */
  private isGivenUp(one: Asked): boolean {
    const slot = slotOf(one);
    if (!slot || !this.doubted.has(slot._id)) return false;
    const { state } = slot;
    if (state.status !== "stopped" && state.status !== "stopping") return false;
    const launch = one.launchId && disk.find("launches", one.launchId);
    return (
      state.error?.code === "sandbox_unreachable" &&
      (answerTo(one)?.state === "failed" || launch?.state.state === "failed")
    );
  }

  /** What was given up is there for who launches it again, as its words say. */
  private async again(lost: Asked[]): Promise<void> {
    for (const one of lost) {
      const { visitor } = one;
      const skillKey = disk.find("sessions", one.sessionId)?.skillKey ?? "";
      const own = slotOf(one)?.name !== "default";
      const wish = { skillKey, sha: SHA, clientId: visitor.nextId(), own };
      Object.assign(one, await this.call("launches:request", wish, visitor));
    }
    await this.until("whoever launches what was given up is served", () =>
      lost.every((one) => isReady(one) || waits(one)),
    );
  }

  /** Some stop the agent at once, and want its answer after all. */
  private async takeBack(asked: Asked[]): Promise<void> {
    const some = asked.filter((one) => !waits(one) && this.dice.chance(0.3));
    for (const one of some) {
      await this.say(one);
      const { sessionId, visitor } = one;
      await this.call("sessions:stop", { sessionId }, visitor);
    }
    await this.until("what is said and stopped at rest ends", () =>
      some.every((one) => !isUnderWay(answerTo(one))),
    );
    for (const one of some) {
      const answer = answerTo(one);
      if (!answer || answer.state === "done") continue;
      const { _id: messageId } = answer;
      await this.call("sessions:retry", { messageId }, one.visitor);
    }
    await this.until("what is asked again at rest is answered", () =>
      some.every(isAnswered),
    );
  }

  private async say({ visitor, sessionId }: Asked): Promise<void> {
    const clientId = visitor.nextId();
    const message = { sessionId, text: visitor.words(), clientId };
    await this.call("sessions:send", message, visitor);
  }

  /** Some stop everything at once, and want it back. */
  private async stopAll(): Promise<void> {
    const some = this.visitors.filter(
      (visitor) =>
        this.dice.chance(0.3) &&
        // What is between two lives has to come to the other one first.
        slotsOf(visitor).every(
          (s) => s.state.status !== "replacing" || halts(s.state),
        ),
    );
    for (const visitor of some) await this.call("fleet:stopAll", {}, visitor);
    await this.until("what is stopped all at once stops", () =>
      some.every((visitor) => slotsOf(visitor).every(isOff)),
    );
    for (const visitor of some) await this.call("fleet:restore", {}, visitor);
    await this.until("what was stopped all at once comes back", () =>
      some.every((visitor) => fleetOf(visitor).every(isBackOrLost)),
    );
  }

  private async command(): Promise<void> {
    const wanted = new Map<Id<"slots">, Command>();
    for (const { visitor, slot } of this.slots()) {
      const { _id: slotId, state } = slot;
      const can = COMMANDS.filter(
        (one) => one.from.includes(state.status) && (one.can?.(state) ?? true),
      );
      const command = this.dice.pick([null, null, ...can]);
      if (!command) continue;
      // Who waited for a place may be answered there by now, which is refused.
      if (command.what === "replace" && isAtWork(slotId)) continue;
      const given = { slotId, ...command.also };
      if (losesPlace(command, state) && isOverCap(slot)) {
        await this.refused(`sandboxes:${command.what}`, given, visitor);
        continue;
      }
      await this.call(`sandboxes:${command.what}`, given, visitor);
      wanted.set(slotId, command);
    }
    await this.until("what is wanted at rest is done", () =>
      [...wanted].every(([slotId, { to, mayHalt }]) => {
        const slot = disk.find("slots", slotId);
        if (!slot) return false;
        const { state } = slot;
        return (
          to.includes(state.status) ||
          isInLine(slot) ||
          (mayHalt && halts(state))
        );
      }),
    );
  }

  private async remove(): Promise<void> {
    for (const { visitor, slot } of this.slots()) {
      if (slot.state.status === "empty") continue;
      await this.call("sandboxes:remove", { slotId: slot._id }, visitor);
    }
    await this.until("whoever deletes at rest is rid of it", () =>
      this.slots().every(({ slot }) => slot.state.status === "empty"),
    );
    await this.until("what is deleted at rest is gone", () =>
      this.stage.world.live().every((box) => box.stranger || box.squats),
    );
  }

  private slots(): { visitor: Visitor; slot: Slot }[] {
    return this.visitors.flatMap((visitor) =>
      slotsOf(visitor).map((slot) => ({ visitor, slot })),
    );
  }

  private call(
    path: string,
    args: Record<string, string | boolean>,
    { name }: Visitor,
  ): Promise<unknown> {
    this.tell(`${name} calls ${path} ${Object.values(args).join(" ")}`);
    return this.stage.call(path, args, name);
  }

  /** What would lose a place now, and may not get one again, is told so. */
  private async refused(
    path: string,
    args: Record<string, string | boolean>,
    visitor: Visitor,
  ): Promise<void> {
    const code = await this.call(path, args, visitor).then(
      () => null,
      (error: unknown) => toFailure(error).code,
    );
    hold(
      "nobody loses a place that is not to be had again",
      code === "over_cap",
    );
  }

  private async until(promise: string, isKept: () => boolean): Promise<void> {
    // What was asked for is not in line before somebody has looked for a place.
    for (let ms = 0; ms === 0 || !isKept(); ms += 5 * SECOND) {
      hold(promise, ms < SERVED);
      await this.stage.pass(5 * SECOND);
      this.watch.overdue();
    }
  }
}

/** What is launched there waits for its owner. */
function isHalted(named: string) {
  return ({ name, state }: Slot) => name === named && halts(state);
}

function isOnItsLastTry({ state, strikes }: Slot, now: number): boolean {
  return (
    state.status === "running" &&
    strikes >= MAX_STRIKES &&
    now - state.since < STEADY
  );
}

/** Its sandbox is there to go on with, and not for its owner to mend. */
function isThere({ slotId }: Doc<"sessions">): boolean {
  const status = disk.find("slots", slotId)?.state.status;
  return status === "running" || status === "stopped";
}

/** Gives its sandbox's place up on the way to another. */
function losesPlace({ what }: Command, state: Slot["state"]): boolean {
  if (what === "replace") return state.status === "running";
  return (
    what === "resumeReplace" &&
    state.status === "replacing" &&
    state.stage === "stop"
  );
}

/** What was off and is lost takes a place again, until no unanswered create can bring it back. */
function isOverCap({ userId }: Slot): boolean {
  const taken = disk.all("places");
  const own = taken.filter((one) => one.userId === userId);
  return taken.length > PLACES.all || own.length > PLACES.own;
}

/** Neither runs nor is to; a replacement that halted waits for its owner. */
function isOff({ state }: Slot): boolean {
  return ["empty", "stopped", "failed"].includes(state.status) || halts(state);
}

type Item = Doc<"fleets">["items"][number];

/** What a user stopped all at once, and has not back. */
function fleetOf({ name }: Visitor): Item[] {
  return disk
    .all("fleets")
    .filter(({ userId }) => disk.find("users", userId)?.name === name)
    .flatMap(({ items }) => items);
}

/** What is lost stays in the set, with the reason, until it is declined. */
function isBackOrLost(item: Item): boolean {
  const slot = disk.find("slots", item.slotId);
  if (!slot || isInLine(slot)) return true;
  return item.state !== "restoring" && !isRestorable(item, slot.state);
}

/** An agent works there. */
function isAtWork(slotId: Id<"slots">): boolean {
  const turns = disk.all("turns").filter((turn) => turn.slotId === slotId);
  return turns.some(({ state }) => state === "sending" || state === "running");
}

/** A replacement waits for its owner, and with it what is launched. */
function halts(state: Slot["state"]): boolean {
  return state.status === "replacing" && state.error !== undefined;
}

function slotsOf({ name }: Visitor): Slot[] {
  return disk
    .all("slots")
    .filter(({ userId }) => disk.find("users", userId)?.name === name);
}
