import type { Doc, Id } from "../../convex/_generated/dataModel";
import { PLACES } from "./stage";
import { disk } from "./stand-ins";
import type { Visitor } from "./tabs";

type Slot = Doc<"slots">;

/** What somebody waits for, in which conversation. */
export type Asked = {
  visitor: Visitor;
  sessionId: Id<"sessions">;
  launchId?: Id<"launches">;
};

export function isReady({ launchId }: Asked): boolean {
  if (launchId === undefined) return true;
  return disk.find("launches", launchId)?.state.state === "ready";
}

/** The answer to what was said last. */
export function answerTo({ sessionId }: Asked): Doc<"messages"> | undefined {
  return disk
    .all("messages")
    .filter((m) => m.sessionId === sessionId && m.role === "assistant")
    .toSorted((a, b) => a._creationTime - b._creationTime)
    .at(-1);
}

export function isAnswered(one: Asked): boolean {
  return answerTo(one)?.state === "done";
}

export function isUnderWay(answer: Doc<"messages"> | undefined): boolean {
  return answer?.state === "queued" || answer?.state === "running";
}

export function waits(one: Asked): boolean {
  const slot = slotOf(one);
  return slot !== undefined && isInLine(slot);
}

export function slotOf({ sessionId }: Asked): Slot | undefined {
  const slotId = disk.find("sessions", sessionId)?.slotId;
  return slotId && disk.find("slots", slotId);
}

/** For a place that others have. */
export function isInLine({ userId, state }: Slot): boolean {
  const place = state.status === "replacing" && state.stage === "place";
  if (state.status !== "queued" && !place) return false;
  const taken = disk.all("places");
  const own = taken.filter((one) => one.userId === userId);
  return taken.length >= PLACES.all || own.length >= PLACES.own;
}
