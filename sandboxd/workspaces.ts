import { randomUUID } from "node:crypto";
import { rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Layout } from "./layout";
import { clearWay } from "./skill-disk";

/**
 * The folder of one session, or that of all; made if need be. What is in its
 * way is no folder of ours but may be the person's: it stays, beside it.
 */
export async function workspace(
  { home, sessions }: Layout,
  sessionId = "",
): Promise<string> {
  const folder = join(sessions, sessionId);
  await clearWay(home, folder, moveBeside);
  return folder;
}

/** Under a name of its own; a link with what it says, not where it leads. */
async function moveBeside(path: string): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  // A file is replaced by all but a folder, such as one made meanwhile.
  await writeFile(beside, "", { flag: "wx" });
  try {
    await rename(path, beside);
  } catch (error) {
    await unlink(beside);
    throw error;
  }
}
