import { rm } from "node:fs/promises";

/**
 * Removes what a sandbox left. Nothing of it runs any more, so nothing can swap
 * a folder for a link meanwhile; links are removed, never followed.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    // Folders it made unreadable stop anybody but root.
    await openFolders(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** By chmod(1): paths may be longer than the kernel takes at once. */
async function openFolders(path: string): Promise<void> {
  const child = Bun.spawn(["chmod", "-R", "u+rwX", "--", path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(said.trim());
}
