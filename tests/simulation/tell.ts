import { installWorld } from "./stand-ins";
import { told } from "./story";

/** Plays one seed here and prints its story, as short as it gets if it is a sad one. */
export async function tell(seed: number): Promise<boolean> {
  installWorld({ direct: true });
  const { simulate } = await import("./run");
  const { shrink } = await import("./shrink");
  const whole = await simulate(seed);
  if (whole.violation === null) {
    console.log(told(whole));
    return true;
  }
  const { story, tries } = await shrink(whole, PATIENCE);
  console.log(
    `Seed ${seed}: ${whole.violation.message}\n` +
      `Of ${whole.played + 1} events and ${whole.faults.length} misfortunes this is left, after ${tries} replays:\n\n` +
      `${told(story)}\n`,
  );
  return false;
}

/** For shrinking, in ms. */
const PATIENCE = 120_000;
