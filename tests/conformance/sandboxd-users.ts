import { execFileSync } from "node:child_process";

/** Nobody's, by number: Debian's and every other's. */
export const NOBODY = "65534";

/** Modes are nothing to root, so there the daemon runs as somebody else. */
export function unprivileged(): string[] | null {
  if (process.getuid?.() !== 0) return [];
  const through = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY];
  through.push("--clear-groups");
  try {
    const [command = "", ...args] = through;
    execFileSync(command, [...args, "true"]);
    return through;
  } catch {
    return null; // no setpriv, or not allowed to: those tests are skipped
  }
}

export function ownedByNobody(folder: string): void {
  execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, folder]);
}
