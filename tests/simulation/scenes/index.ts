import { BERTHS } from "./berths";
import { CREATES } from "./creates";
import { DOWN } from "./down";
import { ENDS } from "./ends";
import { FORSAKEN } from "./forsaken";
import { HALTS } from "./halts";
import { LEAVING } from "./leaving";
import { PLACES } from "./places";
import type { Scene } from "./play";
import { REPORTS } from "./reports";
import { STALE } from "./stale";
import { STATES } from "./states";
import { TURNS } from "./turns";

/** Every scene, by its name. */
export const SCENES: Readonly<Record<string, Scene>> = {
  ...REPORTS,
  ...CREATES,
  ...ENDS,
  ...HALTS,
  ...FORSAKEN,
  ...PLACES,
  ...BERTHS,
  ...STATES,
  ...LEAVING,
  ...STALE,
  ...TURNS,
  ...DOWN,
};
