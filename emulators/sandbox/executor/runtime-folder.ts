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
/** In the data folder, where nobody else's are. */
const OWN = "rt-";
/** What the kernel takes for a socket's path, less "/" and the longest name of ours. */
const ROOM = 107 - "/0123456789ab.sock.new".length;

/**
 * Sockets live in a short path of their own, with what every start reads. A
 * server that was killed leaves its folder behind; its successor, who holds the
 * data folder now, removes it.
 */
export function freshRuntime(
  data: string,
  asRoot = process.getuid?.() === 0,
): string {
  const note = join(data, "runtime");
  if (existsSync(note)) {
    const stale = readFileSync(note, "utf8");
    if (/\/slipway-sb-[\w-]+$/.test(stale)) {
      rmSync(stale, { recursive: true, force: true });
    }
  }
  for (const name of readdirSync(data)) {
    if (!name.startsWith(OWN)) continue;
    rmSync(join(data, name), { recursive: true, force: true });
  }
  const runtime = makeFolder(data, asRoot);
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

/**
 * Where no cleaner of old files passes by: it would take what a server of some
 * days still needs. Other users must pass through root's, so that is in /run. A
 * person's own /run/user goes when they log out: the data folder is better.
 */
function makeFolder(data: string, asRoot: boolean): string {
  if (!asRoot) {
    const own = mkdtempSync(join(data, OWN));
    if (holdsSockets(own)) return own;
    rmSync(own, { recursive: true });
  }
  const parent = sharedParent(asRoot);
  sweepDead(parent);
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
}

/**
 * Not where the path is too long, nor on every file system, e.g. of a VM's host.
 * Nor where an address would have to spell it otherwise: WebSockets are opened by
 * `ws+unix://` and the path, and Bun does not undo a "%20".
 */
function holdsSockets(folder: string): boolean {
  if (Buffer.byteLength(folder) > ROOM || /[^\w./~-]/.test(folder))
    return false;
  try {
    const unix = join(folder, "trial");
    Bun.listen({ unix, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    // Whatever the reason, there is another place.
    return false;
  }
}

function sharedParent(asRoot: boolean): string {
  const candidates = [asRoot ? "/run" : process.env.XDG_RUNTIME_DIR, tmpdir()];
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
