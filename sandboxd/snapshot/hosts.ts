import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { run } from "./run";

/** A program of the host that a snapshot uses where it is. */
export type HostProgram = {
  /** Path that works inside a sandbox. */
  path: string;
  version: string;
  /** Folder to mount at the same path, when it is not under /usr. */
  bind: string | null;
};

export type Found<T> = ({ ok: true } & T) | { ok: false; reason: string };

const PYTHON_PROBE = `
import json, sys
import venv
try:
    import ensurepip; pip = True
except ImportError:
    pip = False
print(json.dumps({"version": sys.version.split()[0], "pip": pip,
  "executable": getattr(sys, "_base_executable", sys.executable),
  "prefix": sys.base_prefix, "fits": (3, 11) <= sys.version_info < (3, 14)}))
`;

/**
 * A Python that can build a virtual environment: the system's first, because
 * /usr is inside every sandbox anyway. Says what to do when there is none.
 */
export async function findPython(): Promise<Found<HostProgram>> {
  const named = process.env.SLIPWAY_PYTHON;
  const versions = ["3.13", "3.12", "3.11"].map((v) => `python${v}`);
  const names = [...versions, "python3"];
  const candidates = named
    ? [named]
    : [...names.map((name) => `/usr/bin/${name}`).filter(existsSync), ...names];
  let withoutPip: string | null = null;
  for (const candidate of candidates) {
    const result = await run(candidate, ["-I", "-c", PYTHON_PROBE]);
    if (!result.ok) continue;
    const found = JSON.parse(result.stdout) as {
      version: string;
      pip: boolean;
      executable: string;
      prefix: string;
      fits: boolean;
    };
    if (!found.fits) continue;
    if (!found.pip) {
      withoutPip = found.version;
      continue;
    }
    const path = await realpath(found.executable);
    const bind = path.startsWith("/usr/") ? null : await realpath(found.prefix);
    return { ok: true, path, version: found.version, bind };
  }
  const minor = withoutPip?.split(".").slice(0, 2).join(".");
  return {
    ok: false,
    reason: minor
      ? `Python ${minor} is here without its venv module. On Debian or Ubuntu: sudo apt-get install -y python${minor}-venv; then start again.`
      : "The agent needs Python 3.11, 3.12 or 3.13. On Debian or Ubuntu: sudo apt-get install -y python3 python3-venv; then start again.",
  };
}

/** The Node that runs sandboxd. This process itself may be Bun. */
export async function findNode(): Promise<Found<HostProgram>> {
  const probe = "console.log(process.execPath + ' ' + process.versions.node)";
  for (const candidate of ["/usr/bin/node", "node"]) {
    const result = await run(candidate, ["-e", probe]);
    if (!result.ok) continue;
    const [executable = "", version = ""] = result.stdout.trim().split(" ");
    if (Number.parseInt(version, 10) < 20) continue;
    const path = await realpath(executable);
    if (path.startsWith("/usr/"))
      return { ok: true, path, version, bind: null };
    return { ok: true, path, version, bind: dirname(dirname(path)) };
  }
  return {
    ok: false,
    reason:
      "Sandboxes need Node 20 or newer on this machine: https://nodejs.org/en/download",
  };
}
