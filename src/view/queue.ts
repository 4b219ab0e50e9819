import { MAX_POSITION } from "@convex/model/admission";
import { plural } from "../data/format";

export type Place = { position: number | null; ownCap: number | null };

/** What whoever waits for a place is told; null for what does not wait. */
export function queueWords({
  position,
  ownCap,
}: Place): { title: string; text: string } | null {
  if (position === null) return null;
  if (ownCap !== null) {
    return {
      title: `You have ${ownCap} of ${plural(ownCap, "sandbox", "sandboxes")} running`,
      text: "Stop one, and this starts by itself.",
    };
  }
  const text = "All places are taken. It starts by itself when one is free.";
  if (position >= MAX_POSITION) {
    return {
      title: `You are ${ordinal(MAX_POSITION)} or later in the queue`,
      text: `${MAX_POSITION - 1} or more are ahead of you. ${text}`,
    };
  }
  return {
    title:
      position === 1
        ? "You are next in the queue"
        : `You are ${ordinal(position)} in the queue`,
    text,
  };
}

const RULES = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS: Partial<Record<Intl.LDMLPluralRule, string>> = {
  one: "st",
  two: "nd",
  few: "rd",
};

/** "1st", "2nd", "3rd", "11th". */
export function ordinal(n: number): string {
  return `${n.toLocaleString("en")}${ENDINGS[RULES.select(n)] ?? "th"}`;
}
