import type { Story } from "./run";

/** The story as a person reads it: what was done, and what went wrong, in time. */
export function told(story: Story): string {
  const faults = story.faults.map(({ at, what }) => ({
    at: at - story.start,
    text: what,
  }));
  const lines = [...story.lines, ...faults]
    .map((line, order) => ({ ...line, order }))
    .sort((a, b) => a.at - b.at || a.order - b.order)
    .map(({ at, text }) => `${(at / 1_000).toFixed(1).padStart(8)} s  ${text}`);
  const end = story.violation
    ? `           and this does not hold: ${story.violation.message}`
    : "           and everything holds";
  return [...lines, end].join("\n");
}
