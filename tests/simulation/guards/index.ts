import { BERTHS } from "./berths";
import { CREATES } from "./creates";
import { ENDS } from "./ends";
import type { Guard } from "./guard";
import { HALTS } from "./halts";
import { LEAVING } from "./leaving";
import { PLACES } from "./places";
import { REPORTS } from "./reports";
import { STALE } from "./stale";
import { STATES } from "./states";
import { TURNS } from "./turns";

/**
 * Every guard of the lifecycle's core, with the edit that takes it out. A text
 * that is no longer found is an error, so the table stays true.
 */
export const GUARDS: Readonly<Record<string, Guard>> = {
  ...REPORTS,
  ...CREATES,
  ...ENDS,
  ...HALTS,
  ...PLACES,
  ...BERTHS,
  ...STATES,
  ...LEAVING,
  ...STALE,
  ...TURNS,
};

export type { Edit, Guard } from "./guard";
