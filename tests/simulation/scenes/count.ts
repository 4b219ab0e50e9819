import { installWorld } from "../stand-ins";

/**
 * A process that plays every scene and prints, as JSON, how often each
 * transition was come to: for the coverage.
 */

installWorld({ direct: true });
const { SCENES } = await import(".");
const { playScene } = await import("./play");

const counts: Record<string, number> = {};
for (const scene of Object.values(SCENES)) {
  const broken = await playScene(scene, (moves) => {
    for (const [move, count] of moves) {
      counts[move] = (counts[move] ?? 0) + count;
    }
  });
  if (broken) throw broken;
}
await Bun.write(Bun.stdout, JSON.stringify(counts));
process.exit(0);
