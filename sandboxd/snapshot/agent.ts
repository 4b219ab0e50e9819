import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostProgram } from "./hosts";
import { run, type RunResult } from "./run";

/** aiohttp, which the API server needs, comes with this extra and no other. */
export const REQUIREMENT = "hermes-agent[homeassistant]==0.19.0";
export const MOUNT = "/opt/slipway";

export type AgentBuild =
  { ok: true; version: string } | { ok: false; reason: string };

/**
 * Installs the agent into `<root>/venv`. Nothing in there may depend on where
 * it was built: it is used at /opt/slipway, by another user, read-only.
 */
export async function buildAgent(options: {
  python: HostProgram;
  sources: string;
  root: string;
  step: (message: string) => void;
  signal?: AbortSignal;
}): Promise<AgentBuild> {
  const { python, root, step, signal } = options;
  const venv = join(root, "venv");
  const tools = await mkdtemp(join(tmpdir(), "slipway-pip-"));
  const exec = (command: string, args: string[], env = {}) =>
    run(command, args, { env, ...(signal && { signal }) });
  try {
    step(`Preparing Python ${python.version}`);
    const made = await all([
      () => exec(python.path, ["-I", "-m", "venv", "--without-pip", venv]),
      () => exec(python.path, ["-I", "-m", "venv", tools]),
    ]);
    if (!made.ok) return failed("Python's venv module failed", made.reason);

    step(`Installing ${REQUIREMENT} from PyPI`);
    const constraints = join(options.sources, "constraints.txt");
    const installed = await install(exec, { tools, venv, constraints });
    if (!installed.ok) {
      return failed(
        "Installing the agent failed; check that PyPI is reachable, then start again",
        installed.reason,
      );
    }

    step("Compiling it, so that it starts quickly");
    await cp(
      join(options.sources, "hermes_run.py"),
      join(root, "hermes_run.py"),
    );
    // Paths in tracebacks are those of the mount. Hash-based and unchecked:
    // file times do not matter and nothing is looked up at run time.
    await exec(join(venv, "bin/python"), [
      ...["-I", "-m", "compileall", "-q", "-j", "0"],
      ...["-s", root, "-p", MOUNT, "--invalidation-mode", "unchecked-hash"],
      join(venv, "lib"),
    ]); // some packages ship files that do not compile; they are not used

    const version = await exec(join(venv, "bin/python"), [
      "-I",
      "-c",
      "from importlib.metadata import version; import aiohttp; print(version('hermes-agent'))",
    ]);
    return version.ok
      ? { ok: true, version: version.stdout.trim() }
      : failed("The installed agent does not import", version.reason);
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
  where: { tools: string; venv: string; constraints: string },
): Promise<RunResult> {
  const pip = join(where.tools, "bin/pip");
  const python = join(where.venv, "bin/python");
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

function failed(what: string, reason: string): AgentBuild {
  return { ok: false, reason: `${what}. ${reason}` };
}
