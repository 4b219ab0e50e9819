import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../errors";
import type { HostProgram } from "./hosts";
import { run, type RunResult } from "./run";

/** aiohttp, which the API server needs, comes with this extra and no other. */
export const REQUIREMENT = "hermes-agent[homeassistant]==0.19.0";
/** Raised when the way of building changes. */
const BUILD = 1;
export const MOUNT = "/opt/slipway";
/**
 * Hash-based and unchecked: file times do not matter, and nothing is looked up
 * at run time.
 */
export const COMPILE = [
  ...["-I", "-m", "compileall", "-q", "-j", "0"],
  ...["--invalidation-mode", "unchecked-hash"],
];
/** Fails where it does not import; says its version where it does. */
export const PROBE =
  "from importlib.metadata import version; import aiohttp; print(version('hermes-agent'))";

export type AgentBuild =
  { ok: true; version: string } | { ok: false; reason: string };

/**
 * Puts the agent into `<root>/venv`. It is built once per Python and list of
 * versions, in `cache`, and shared by hard links: a change of sandboxd's own
 * code makes a new snapshot in a moment. Nothing in it may depend on where it
 * was built: it is used at /opt/slipway, by another user, read-only.
 */
export async function buildAgent(options: {
  python: HostProgram;
  sources: string;
  root: string;
  cache: string;
  step: (message: string) => void;
  signal?: AbortSignal;
}): Promise<AgentBuild> {
  const { python, sources, root, signal } = options;
  const exec: Exec = (command, args, env = {}) =>
    run(command, args, { env, ...(signal && { signal }) });
  const constraints = join(sources, "constraints.txt");
  const hash = createHash("sha256")
    .update(JSON.stringify([BUILD, python, REQUIREMENT]))
    .update(await readFile(constraints))
    .digest("hex");
  const cached = join(options.cache, hash.slice(0, 16));
  if (!existsSync(cached)) {
    const building = join(options.cache, `.building-${process.pid}-${hash}`);
    try {
      const built = await buildVenv(exec, {
        ...options,
        building,
        constraints,
      });
      if (!built.ok) return built;
      await renameUnlessThere(building, cached);
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  }
  const venv = join(root, "venv");
  const linked = await exec("cp", ["-al", cached, venv]);
  if (!linked.ok) return failed("Copying the agent failed", linked.reason);
  await cp(join(sources, "hermes_run.py"), join(root, "hermes_run.py"));
  const version = await exec(join(venv, "bin/python"), ["-I", "-c", PROBE]);
  return version.ok
    ? { ok: true, version: version.stdout.trim() }
    : failed("The installed agent does not import", version.reason);
}

/** Of two processes that built the same, one is first; both are right. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST")
      throw error;
  }
}

async function buildVenv(
  exec: Exec,
  options: {
    python: HostProgram;
    building: string;
    constraints: string;
    step: (message: string) => void;
  },
): Promise<RunResult> {
  const { python, building, constraints, step } = options;
  const tools = await mkdtemp(join(tmpdir(), "slipway-pip-"));
  try {
    step(`Preparing Python ${python.version}`);
    const made = await all([
      () => exec(python.path, ["-I", "-m", "venv", "--without-pip", building]),
      () => exec(python.path, ["-I", "-m", "venv", tools]),
    ]);
    if (!made.ok) return failed("Python's venv module failed", made.reason);

    step(`Installing ${REQUIREMENT} from PyPI`);
    const installed = await install(exec, { tools, building, constraints });
    if (!installed.ok) {
      return failed(
        "Installing the agent failed; check that PyPI is reachable, then start again",
        installed.reason,
      );
    }
    step("Compiling it, so that it starts quickly");
    // Paths in tracebacks are those of the mount. The exit code says that some
    // file of some package does not compile: unused ones.
    await exec(join(building, "bin/python"), [
      ...COMPILE,
      ...["-s", building, "-p", `${MOUNT}/venv`, join(building, "lib")],
    ]);
    return made;
  } finally {
    await rm(tools, { recursive: true, force: true });
  }
}

type Exec = (
  command: string,
  args: string[],
  env?: Record<string, string>,
) => Promise<RunResult>;

/** With uv, seven times quicker; with pip where uv or its index fails. */
async function install(
  exec: Exec,
  where: { tools: string; building: string; constraints: string },
): Promise<RunResult> {
  const pip = join(where.tools, "bin/pip");
  const python = join(where.building, "bin/python");
  const what = ["-c", where.constraints, REQUIREMENT];
  const index = process.env.PIP_INDEX_URL;
  const quick = await all([
    () => exec(pip, ["install", "-q", "uv"]),
    () =>
      exec(
        join(where.tools, "bin/uv"),
        ["pip", "install", "-q", "--python", python, ...what],
        { UV_LINK_MODE: "copy", ...(index && { UV_DEFAULT_INDEX: index }) },
      ),
  ]);
  if (quick.ok) return quick;
  const slow = ["--python", python, "install", "-q", "--no-compile"];
  return await exec(pip, [...slow, ...what]);
}

async function all(steps: (() => Promise<RunResult>)[]): Promise<RunResult> {
  let last: RunResult = { ok: true, stdout: "" };
  for (const step of steps) {
    last = await step();
    if (!last.ok) return last;
  }
  return last;
}

function failed(what: string, reason: string) {
  return { ok: false, reason: `${what}. ${reason}`.slice(0, 1_500) } as const;
}
