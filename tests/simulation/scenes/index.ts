import { CREATES } from "./creates";
import { ENDS } from "./ends";
import { PLACES } from "./places";
import type { Scene } from "./play";
import { REPORTS } from "./reports";
import { TURNS } from "./turns";

/** Every scene, by its name. */
export const SCENES: Readonly<Record<string, Scene>> = {
  ...REPORTS,
  ...CREATES,
  ...ENDS,
  ...PLACES,
  ...TURNS,
};
