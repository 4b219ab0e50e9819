import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { IsolationError } from "../errors";

/** The programs of the host that a sandbox is made with, by absolute path. */
export interface Tools {
  bwrap: string;
  prlimit: string;
  /** Node as it will be called inside. */
  node: string;
  /** Host file to show as `node`, when Node does not live below /usr. */
  nodeFile: string | null;
}

/** Where Node is inside when it does not live below /usr. */
export const NODE_INSIDE = "/opt/node/bin/node";

const SYSTEM_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** @throws IsolationError when the host lacks something. */
export function findTools(): Tools {
  if (process.platform !== "linux") {
    throw new IsolationError(
      `Local sandboxes need Linux; this is ${process.platform}.`,
      "Set DAYTONA_API_URL and DAYTONA_API_KEY to use Daytona, or run Slipway in a Linux VM.",
    );
  }
  const bwrap = which("bwrap");
  if (!bwrap) {
    throw new IsolationError(
      "bubblewrap (bwrap) is not installed.",
      "Install it: apt-get install -y bubblewrap (Debian, Ubuntu) or dnf install -y bubblewrap (Fedora).",
    );
  }
  const prlimit = which("prlimit");
  if (!prlimit?.startsWith("/usr/") && !prlimit?.startsWith("/bin/")) {
    throw new IsolationError(
      "prlimit is not installed.",
      "Install it: apt-get install -y util-linux.",
    );
  }
  return { bwrap, prlimit, ...findNode() };
}

/** The file alone: beside it may be anything, such as all of a person's ~/.local. */
export function findNode(): Pick<Tools, "node" | "nodeFile"> {
  const found = which("node");
  if (!found) {
    throw new IsolationError(
      "Node is not on the PATH; the sandbox's supervisor runs on it.",
      "Install Node 20 or later.",
    );
  }
  const node = realpathSync(found);
  if (node.startsWith("/usr/")) return { node, nodeFile: null };
  return { node: NODE_INSIDE, nodeFile: node };
}

export function which(name: string): string | null {
  const folders = `${process.env.PATH ?? ""}:${SYSTEM_PATH}`.split(":");
  for (const folder of folders) {
    const file = join(folder, name);
    if (!folder.startsWith("/") || !isExecutable(file)) continue;
    return file;
  }
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there or not ours to run: the next folder may have it.
    return false;
  }
}

/** The root folders that hold the system, as the host has them. */
export function systemRoots(): string[] {
  const args = ["--ro-bind", "/usr", "/usr"];
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]) {
    const path = `/${name}`;
    if (!existsSync(path)) continue;
    // Merged-/usr distributions have links here, the others folders.
    if (lstatSync(path).isSymbolicLink())
      args.push("--symlink", `usr/${name}`, path);
    else args.push("--ro-bind", path, path);
  }
  return args;
}

/**
 * Ids for sandboxes start here when we are root: above every range that
 * distributions give to people, subuids or systemd's containers.
 */
const FIRST_ID = 0x70000000;
const IDS = 1 << 16;

export interface IdRange {
  first: number;
  count: number;
}

/**
 * The host ids sandboxes may be given, or null when we are not root and all of
 * them run as ourselves. A root that is itself inside a user namespace has only
 * the ids mapped there; then the last ones of the map are taken.
 *
 * @throws IsolationError when root has no id to give away.
 */
export function idRange(): IdRange | null {
  if (process.getuid?.() !== 0) return null;
  const maps = ["uid_map", "gid_map"].map((file) =>
    readFileSync(`/proc/self/${file}`, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number)),
  );
  // The end of the highest range that both maps have.
  const end = Math.min(
    ...maps.map((map) =>
      Math.max(...map.map(([from = 0, , length = 0]) => from + length)),
    ),
  );
  if (end >= FIRST_ID + IDS) return { first: FIRST_ID, count: IDS };
  if (end >= 4096) return { first: end - 2048, count: 2048 };
  throw new IsolationError(
    "This root can become no other user (a user namespace with one id).",
    "Start it as an ordinary user, or give the container a range of ids.",
  );
}
