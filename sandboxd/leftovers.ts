import { randomUUID } from "node:crypto";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { discard } from "./discard";
import { log } from "./log";
import { moveAside } from "./skill-disk";

/**
 * What an earlier boot did not finish. It may be millions of files, and nobody
 * waits for those: before the daemon listens they are moved, then removed.
 */

const PREFIX = "left-";

/** Out of the way, in one step and without new space; never throws. */
export async function setAside(slipway: string, path: string): Promise<void> {
  try {
    await moveAside(path, join(slipway, PREFIX + randomUUID()));
  } catch (error) {
    log("not moved; the next boot tries again", error);
  }
}

/** Removes what was set aside, by this boot or an earlier one; never throws. */
export async function discardLeft(slipway: string): Promise<void> {
  try {
    for await (const { name } of await opendir(slipway)) {
      if (name.startsWith(PREFIX)) await discard(join(slipway, name));
    }
  } catch (error) {
    log("leftovers not looked for; the next boot tries again", error);
  }
}
