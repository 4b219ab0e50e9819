import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "slipway-sb-";

/**
 * Sockets live in a short path of their own. A server that was killed leaves its
 * folder behind; its successor, who holds the data folder now, removes it.
 */
export function freshRuntime(data: string): string {
  const note = join(data, "runtime");
  if (existsSync(note)) {
    const stale = readFileSync(note, "utf8");
    if (/\/slipway-sb-[\w-]+$/.test(stale)) {
      rmSync(stale, { recursive: true, force: true });
    }
  }
  const parent = runtimeParent();
  sweepDead(parent);
  const prefix = `${PREFIX}${process.pid}-`;
  const runtime = mkdtempSync(join(parent, prefix));
  chmodSync(runtime, 0o711);
  mkdirSync(join(runtime, "stage"), { mode: 0o711 });
  writeFileSync(note, runtime);
  return runtime;
}

/** What killed servers left whose data folder nobody comes back to. */
function sweepDead(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (!pid || existsSync(`/proc/${pid}`)) continue;
    const folder = join(parent, name);
    if (lstatSync(folder).uid !== process.getuid?.()) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where sockets belong, and no cleaner of old files passes by. */
function runtimeParent(): string {
  const candidates = [
    process.getuid?.() === 0 ? "/run" : process.env.XDG_RUNTIME_DIR,
    tmpdir(),
  ];
  const found = candidates.find((path) => path && isWritable(path));
  if (!found) throw new Error(`neither of ${candidates} can be written to`);
  return found;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // Missing or not ours: the next one.
    return false;
  }
}
