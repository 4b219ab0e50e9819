import { decide, type Slot } from "../../convex/model/slot";
import { MAX_STRIKES } from "../../convex/model/slotMoves";
import { events } from "../../convex/model/slotFixtures";
import { nameOf } from "./invariants";

/**
 * Every transition the state machine has, found by asking it: from an empty
 * slot, every event in every state that can be come to, until nothing is new.
 */
export function movesOf(): Set<string> {
  const moves = new Set<string>();
  const first: Slot = { state: { status: "empty" }, generation: 0, strikes: 0 };
  const known = new Map<string, Slot>([[keyOf(first), first]]);
  for (const slot of known.values()) {
    for (const event of events) {
      for (const strikes of [0, MAX_STRIKES]) {
        const next = decide({ ...slot, strikes }, event, 1);
        const [from, to] = [nameOf(slot), nameOf(next)];
        if (from !== to) moves.add(`${from} -> ${to}`);
        if (!known.has(keyOf(next))) known.set(keyOf(next), next);
      }
    }
  }
  return moves;
}

/** What tells one state from another, without its times. */
function keyOf({ state }: Slot): string {
  return JSON.stringify(state, (name, value: unknown) => {
    if (name === "since" || name === "stageSince") return 0;
    return name === "error" ? true : value;
  });
}
