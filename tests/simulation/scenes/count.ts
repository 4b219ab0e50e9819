import { installWorld } from "../stand-ins";

/**
 * A process that plays every scene and prints, as JSON, how often each
 * transition and each point of a server's going down was come to, in the keys of
 * a run's own counts, and which mutations there are: for the coverage.
 */

installWorld({ direct: true });
const { SCENES } = await import(".");
const { playScene } = await import("./play");
const { mutations } = await import("../functions");

const counts: Record<string, number> = {};
function add(kind: string, come: ReadonlyMap<string, number>): void {
  for (const [what, count] of come) {
    const key = `${kind}|${what}`;
    counts[key] = (counts[key] ?? 0) + count;
  }
}

for (const scene of Object.values(SCENES)) {
  const broken = await playScene(scene, ({ moves, crashes }) => {
    add("move", moves);
    add("crash", crashes);
  });
  if (broken) throw broken;
}
await Bun.write(Bun.stdout, JSON.stringify({ counts, mutations: mutations() }));
process.exit(0);
