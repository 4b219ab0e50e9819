import { EVENTS_PER_RUN, simulate, type Cut, type Story } from "./run";

/**
 * Leaves out of a story whatever its end does not need: halves, quarters, and
 * so on of its events, its misfortunes and its waits. Each try is a replay of
 * the same seed.
 */
export async function shrink(
  story: Story,
  patience: number,
): Promise<{ story: Story; cut: Cut; tries: number }> {
  const invariant = story.violation?.message;
  const until = performance.now() + patience;
  let tries = 0;
  let best = story;
  let cut: Cut = {
    events: range(story.played + 1, EVENTS_PER_RUN),
    waits: new Set(),
    faults: new Set(),
  };
  const attempt = async (next: Cut): Promise<boolean> => {
    tries += 1;
    const played = await simulate(story.seed, next);
    if (played.violation?.message !== invariant) return false;
    best = played;
    cut = next;
    return true;
  };
  await attempt(cut);
  for (let before = -1; before !== size(cut);) {
    before = size(cut);
    for (const what of ["events", "faults", "waits"] as const) {
      const known = candidates(best, cut, what);
      let chunk = Math.ceil(known.length / 2);
      while (chunk >= 1 && performance.now() < until) {
        for (let at = 0; at < known.length && performance.now() < until;) {
          const part = known.slice(at, at + chunk);
          const more = new Set<string | number>([...cut[what], ...part]);
          if (await attempt({ ...cut, [what]: more })) known.splice(at, chunk);
          else at += chunk;
        }
        chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2);
      }
    }
    if (performance.now() >= until) break;
  }
  return { story: best, cut, tries };
}

function candidates(
  story: Story,
  cut: Cut,
  what: keyof Cut,
): (string | number)[] {
  if (what === "faults") return story.faults.map(({ key }) => key);
  return [...range(0, story.played + 1)].filter((i) => !cut[what].has(i));
}

function range(from: number, to: number): Set<number> {
  const numbers = new Set<number>();
  for (let i = from; i < to; i++) numbers.add(i);
  return numbers;
}

function size(cut: Cut): number {
  return cut.events.size + cut.waits.size + cut.faults.size;
}
