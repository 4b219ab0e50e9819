import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";

export const HOME = "/home/daytona";

/** bash where there is one, as Daytona's images have. */
export const SHELL = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";

/** What every process of the sandbox starts with; set once, at boot. */
export const environment: NodeJS.ProcessEnv = { ...process.env };

/** Paths of the toolbox are relative to the home. */
export function resolvePath(path: string): string {
  if (path === "~") return HOME;
  if (path.startsWith("~/")) return join(HOME, path.slice(2));
  return isAbsolute(path) ? path : join(HOME, path);
}
