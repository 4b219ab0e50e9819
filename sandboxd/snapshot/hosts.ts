import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
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

const CHECKOUT = resolve(import.meta.dir, "../..");

/**
 * Whether showing a folder would show sandboxes more than a program: a person's
 * home, what they installed for themselves, or this checkout and its data.
 */
export async function showsTooMuch(
  folder: string,
  home = process.env.HOME || homedir(),
): Promise<boolean> {
  const within = folder === "/" ? "/" : `${folder}/`;
  const own = existsSync(home) ? await realpath(home) : home;
  return [join(own, ".local"), await realpath(CHECKOUT)].some((one) =>
    `${one}/`.startsWith(within),
  );
}

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
  let wide: string | null = null;
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
    if (bind !== null && (await showsTooMuch(bind))) {
      wide = `Python at ${path} would show sandboxes all of ${bind}. Install Python 3.11, 3.12 or 3.13 in a folder of its own, or the system's; then start again.`;
      continue;
    }
    return { ok: true, path, version: found.version, bind };
  }
  if (wide !== null) return { ok: false, reason: wide };
  const minor = withoutPip?.split(".").slice(0, 2).join(".");
  return {
    ok: false,
    reason: minor
      ? `Python ${minor} is here without its venv module. On Debian or Ubuntu: sudo apt-get install -y python${minor}-venv; then start again.`
      : "The agent needs Python 3.11, 3.12 or 3.13. On Debian or Ubuntu: sudo apt-get install -y python3 python3-venv; then start again.",
  };
}

/** The Node that runs sandboxd. This process itself may be Bun. */
export async function findNode(
  candidates = ["/usr/bin/node", "node"],
): Promise<Found<HostProgram>> {
  const probe = "console.log(process.execPath + ' ' + process.versions.node)";
  let wide: string | null = null;
  for (const candidate of candidates) {
    const result = await run(candidate, ["-e", probe]);
    if (!result.ok) continue;
    const [executable = "", version = ""] = result.stdout.trim().split(" ");
    if (Number.parseInt(version, 10) < 20) continue;
    const path = await realpath(executable);
    if (path.startsWith("/usr/"))
      return { ok: true, path, version, bind: null };
    const bind = dirname(dirname(path));
    if (await showsTooMuch(bind)) {
      wide = `Node at ${path} would show sandboxes all of ${bind}. Install Node 20 or newer in a folder of its own (nvm does), or below /usr: https://nodejs.org/en/download`;
      continue;
    }
    return { ok: true, path, version, bind };
  }
  return {
    ok: false,
    reason:
      wide ??
      "Sandboxes need Node 20 or newer on this machine: https://nodejs.org/en/download",
  };
}
