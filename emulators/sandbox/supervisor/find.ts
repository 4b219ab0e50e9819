import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { environment, resolvePath } from "./environment";
import { ToolboxError } from "./http";

const MAX_MATCHES = 10_000;
const MAX_LINE = 4096;

export interface Match {
  file: string;
  line: number;
  content: string;
}

/**
 * Lines below `path` that match a regular expression. grep does it, in a
 * process of its own: a pattern that takes for ever must not stop the rest.
 *
 * @throws ToolboxError 400 when grep cannot read the pattern or the path
 */
export function find(path: string, pattern: string): Promise<Match[]> {
  const options = ["-rInEZ", "-e", pattern, "--", resolvePath(path)];
  const child = spawn("grep", options, {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
  });
  const found: Match[] = [];
  let said = "";
  child.stderr.on("data", (chunk) => {
    if (said.length < MAX_LINE) said += chunk;
  });
  createInterface({ input: child.stdout }).on("line", (text) => {
    // -Z: a NUL ends the name, which may hold a colon.
    const match = /^([^\0]*)\0(\d+):(.*)$/.exec(text);
    if (!match || found.length >= MAX_MATCHES) return;
    const [, file = "", line, content = ""] = match;
    found.push({
      file,
      line: Number(line),
      content: content.slice(0, MAX_LINE),
    });
  });
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(new ToolboxError(400, `cannot search: ${error.message}`)),
    );
    child.once("close", (code) => {
      // 1 is no match; above, with nothing found, it could not look.
      if (code === 0 || code === 1 || found.length > 0) resolve(found);
      else reject(new ToolboxError(400, said.trim() || `grep ended: ${code}`));
    });
  });
}
