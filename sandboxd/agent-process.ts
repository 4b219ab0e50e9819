import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  constants,
  createWriteStream,
  openSync,
  type WriteStream,
} from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { codeOf, messageOf } from "./errors";
import type { HermesAddress } from "./hermes-api";
import type { Layout } from "./layout";
import { log } from "./log";

/** In the environment of an agent and of all it starts: which life of it. */
const MARK = "SLIPWAY_AGENT";
const LOG_BYTES_PER_BOOT = 2 * 1024 * 1024;
const TAIL_CHARS = 600;
/** How long the last words of a process that is gone may take to arrive. */
const LAST_WORDS_MS = 200;
/** What is started while all processes are looked through is found by the next look. */
const LOOKS = 3;

export type AgentProcess = {
  /** Resolves, never rejects, with how it ended and its last words. */
  ended: Promise<string>;
  /** Signals it and all it started in its group. */
  kill: (signal: NodeJS.Signals) => void;
  /** Kills what it started in whatever group or session, and left behind. */
  killRest: () => Promise<void>;
};

/** Starts Hermes on `address`, with `folder` holding venv/ and hermes_run.py. */
export function startAgent(
  layout: Layout,
  folder: string,
  address: HermesAddress,
): AgentProcess {
  const mark = randomUUID();
  // -I: nothing of the home (user site, PYTHONPATH, cwd) is imported.
  const child = spawn(
    join(folder, "venv/bin/python"),
    ["-I", "-B", "-X", "utf8", join(folder, "hermes_run.py")],
    {
      cwd: layout.home,
      // A group of its own, so that what ends it leaves us alone. Its commands
      // each have a session of their own: those end by the mark they inherit.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: environment(layout, address, mark),
    },
  );
  let tail = "";
  let written = 0;
  const file = openLog(layout.agentLog);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      tail = (tail + chunk.toString("utf8")).slice(-TAIL_CHARS);
      written += chunk.length;
      if (written < LOG_BYTES_PER_BOOT) file?.write(chunk);
    });
  }
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      file?.end();
      resolve([how, tail.trim()].filter((part) => part !== "").join(": "));
    };
    child.once("error", (error) => end(messageOf(error)));
    child.once("exit", (code, signal) => {
      const how = `the agent exited (${signal ?? code})`;
      child.once("close", () => end(how));
      // What it started may hold the pipes open: do not wait for that.
      setTimeout(() => end(how), LAST_WORDS_MS);
    });
  });
  return {
    ended,
    kill: (signal) => killGroup(child, signal),
    killRest: () => killMarked(mark),
  };
}

/**
 * The agent shares this disk: so neither through a link nor waiting for whoever
 * would read a pipe, which would hold one of Node's few threads. Null without.
 */
function openLog(path: string): WriteStream | null {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK;
  try {
    const file = createWriteStream(path, { fd: openSync(path, flags, 0o600) });
    file.on("error", (error) => log("agent log", error));
    return file;
  } catch (error) {
    log("agent log", error);
    return null;
  }
}

/** What Hermes is told about its API; `.env` and the environment agree. */
export function apiSettings({ port, key }: HermesAddress) {
  return {
    API_SERVER_ENABLED: "true",
    API_SERVER_HOST: "127.0.0.1",
    API_SERVER_PORT: String(port),
    API_SERVER_KEY: key,
  };
}

const INHERITED =
  /^(PATH|USER|LANG|LC_ALL|TZ|TERM|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|SSL_CERT_FILE)$/;

/** Only what an agent needs: this process's own environment stays here. */
function environment(layout: Layout, address: HermesAddress, mark: string) {
  const inherited = Object.entries(process.env).filter(
    ([name, value]) => INHERITED.test(name) && value !== undefined,
  );
  const env: Record<string, string | undefined> = {
    LANG: "C.UTF-8",
    ...Object.fromEntries(inherited),
    ...apiSettings(address),
    HOME: layout.home,
    HERMES_HOME: layout.hermes,
    SLIPWAY_PARENT: String(process.pid),
    [MARK]: mark,
    HERMES_GATEWAY_MAX_STARTS: "0", // the backoff is ours
    HERMES_GATEWAY_EXIT_DIAG: "0",
    // Running a skill's script must not change the folder its digest names.
    PYTHONDONTWRITEBYTECODE: "1",
  };
  // A framework in this repository declares NODE_ENV as always present.
  return env as NodeJS.ProcessEnv;
}

/** A port that is free on loopback right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") {
    throw new Error("no port on loopback");
  }
  return address.port;
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/** Without what dropped the mark, or is another user's by now; never throws. */
async function killMarked(mark: string): Promise<void> {
  try {
    for (let look = 0; look < LOOKS; look += 1) {
      for (const name of await readdir("/proc")) {
        if (/^\d+$/.test(name)) await killIfMarked(Number(name), mark);
      }
    }
  } catch (error) {
    log("not all that the agent started has ended", error);
  }
}

async function killIfMarked(pid: number, mark: string): Promise<void> {
  try {
    const environ = await readFile(`/proc/${pid}/environ`, "latin1");
    if (!environ.split("\0").includes(`${MARK}=${mark}`)) return;
    process.kill(pid, "SIGKILL");
  } catch (error) {
    const passed = ["ENOENT", "ESRCH", "EACCES", "EPERM"];
    if (!passed.includes(codeOf(error) ?? "")) throw error;
  }
}
