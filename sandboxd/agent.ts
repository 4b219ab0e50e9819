import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf, messageOf } from "./errors";
import { readJson } from "./files";
import { jsonOf, callHermes, statusOf, type HermesAddress } from "./hermes-api";
import type { HermesHome } from "./hermes-home";
import type { Layout } from "./layout";
import { log } from "./log";

export type AgentState =
  | { state: "starting" }
  | { state: "ready"; version: string }
  | { state: "unavailable" | "failed" | "insecure"; reason: string };

const BOOT_LIMIT_MS = 90_000;
const BACKOFF_MS = [250, 1_000, 2_000, 5_000, 10_000, 30_000];
/** A run this long makes the next failure a first one again. */
const SETTLED_MS = 60_000;
const LOG_BYTES_PER_BOOT = 2 * 1024 * 1024;

/** Starts Hermes, proves that it is guarded, and starts it again if it dies. */
export class Agent {
  #state: AgentState = { state: "starting" };
  #address: HermesAddress | null = null;
  #child: ChildProcess | null = null;
  #closed = new AbortController();
  #watchers = new Set<() => void>();

  constructor(
    readonly layout: Layout,
    readonly home: HermesHome,
    /** Holds venv/, hermes_run.py and, maybe, agent.json. */
    readonly folder: string,
  ) {}

  get state(): AgentState {
    return this.#state;
  }

  /** Where to reach it, once ready; waits while it is starting. */
  async ready(
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<HermesAddress | null> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    while (this.#state.state === "starting" && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#watchers.delete(done);
          deadline.removeEventListener("abort", done);
          resolve();
        };
        this.#watchers.add(done);
        deadline.addEventListener("abort", done);
      });
    }
    return this.#state.state === "ready" ? this.#address : null;
  }

  /** Runs until closed. */
  async supervise(): Promise<void> {
    const missing = await this.#missing();
    if (missing) return this.#become({ state: "unavailable", reason: missing });
    for (let failures = 0; !this.#closed.signal.aborted;) {
      const startedAt = Date.now();
      this.#become({ state: "starting" });
      const reason = await this.#runOnce();
      if (this.#closed.signal.aborted) return;
      failures = Date.now() - startedAt > SETTLED_MS ? 1 : failures + 1;
      log(`agent ended (${failures}): ${reason}`);
      if (this.#state.state === "insecure") return;
      if (failures >= 3) this.#become({ state: "failed", reason });
      else this.#become({ state: "starting" });
      const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0;
      await this.#pause(wait);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    killGroup(child, "SIGTERM");
    const gone = await Promise.race([exited.then(() => true), sleep(1_000)]);
    if (!gone) killGroup(child, "SIGKILL");
    await exited;
  }

  async #missing(): Promise<string | null> {
    const note = (await readJson(join(this.folder, "agent.json"))) as {
      ok?: unknown;
      reason?: unknown;
    } | null;
    if (note?.ok === false && typeof note.reason === "string")
      return note.reason;
    const python = join(this.folder, "venv/bin/python");
    return existsSync(python) ? null : "The agent is not in this snapshot.";
  }

  /** One life of Hermes. Resolves with the reason it ended. */
  async #runOnce(): Promise<string> {
    let address: HermesAddress;
    try {
      address = {
        port: await freePort(),
        key: randomBytes(32).toString("base64url"),
      };
      await this.home.prepare(environment(address));
      await mkdir(this.layout.sessions, { recursive: true });
    } catch (error) {
      return messageOf(error);
    }
    const { child, ended, tail } = this.#spawn(address);
    this.#child = child;
    try {
      const verdict = await Promise.race([ended, this.#prove(address)]);
      if (verdict !== "ready") {
        killGroup(child, "SIGKILL");
        await ended;
        return verdict;
      }
      return `${await ended}. ${tail()}`;
    } catch (error) {
      killGroup(child, "SIGKILL");
      await ended;
      return `${messageOf(error)}. ${tail()}`;
    } finally {
      this.#address = null;
      killGroup(child, "SIGKILL"); // what it left behind
    }
  }

  /** Waits for its listener, then for a call without the key to be refused. */
  async #prove(address: HermesAddress): Promise<"ready" | string> {
    const deadline = Date.now() + BOOT_LIMIT_MS;
    while (!(await answers(address))) {
      if (this.#closed.signal.aborted) return "closed";
      if (Date.now() > deadline) return "It did not listen within 90 s";
      await this.#pause(40);
    }
    const without = await statusOf({ ...address, key: null }, "/v1/models");
    const wrong = await statusOf({ ...address, key: "wrong" }, "/v1/models");
    if (without !== 401 || wrong !== 401) {
      const reason =
        `The agent's API answered ${without} without a key and ${wrong} with a ` +
        "wrong one instead of refusing both with 401.";
      this.#become({ state: "insecure", reason });
      return reason;
    }
    const response = await callHermes(address, { path: "/health" });
    const health = (await jsonOf(response)) as { version?: unknown } | null;
    this.#address = address;
    this.#become({ state: "ready", version: String(health?.version ?? "?") });
    return "ready";
  }

  #spawn(address: HermesAddress) {
    const script = join(this.folder, "hermes_run.py");
    // -I: nothing of the home (user site, PYTHONPATH, cwd) is imported.
    const child = spawn(
      join(this.folder, "venv/bin/python"),
      ["-I", "-B", "-X", "utf8", script],
      {
        cwd: this.layout.home,
        detached: true, // a group of its own, so that its tools end with it
        stdio: ["ignore", "pipe", "pipe"],
        env: this.#environment(address),
      },
    );
    let tail = "";
    let written = 0;
    const file = createWriteStream(this.layout.agentLog, { mode: 0o600 });
    file.on("error", (error) => log("agent log", error));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        tail = (tail + chunk.toString("utf8")).slice(-600);
        written += chunk.length;
        if (written < LOG_BYTES_PER_BOOT) file.write(chunk);
      });
    }
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(messageOf(error)));
      child.once("exit", (code, signal) => {
        file.end();
        resolve(`The agent exited (${signal ?? code})`);
      });
    });
    return { child, ended, tail: () => tail.trim() };
  }

  #environment(address: HermesAddress): NodeJS.ProcessEnv {
    const env: Record<string, string> = {
      ...inherited(),
      ...environment(address),
      HOME: this.layout.home,
      HERMES_HOME: this.layout.hermes,
    };
    // A framework in this repository declares NODE_ENV as always present.
    return env as NodeJS.ProcessEnv;
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#closed.signal });
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
    }
  }

  #become(state: AgentState): void {
    this.#state = state;
    if (state.state !== "starting") log(`agent is ${state.state}`);
    for (const watcher of this.#watchers) watcher();
  }
}

function environment({ port, key }: HermesAddress): Record<string, string> {
  return {
    API_SERVER_ENABLED: "true",
    API_SERVER_HOST: "127.0.0.1",
    API_SERVER_PORT: String(port),
    API_SERVER_KEY: key,
  };
}

/** Only what an agent needs: this process's own environment stays here. */
function inherited(): Record<string, string> {
  const names =
    /^(PATH|USER|LANG|LC_ALL|TZ|TERM|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|SSL_CERT_FILE)$/;
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      names.test(entry[0]) && entry[1] !== undefined,
  );
  return {
    LANG: "C.UTF-8",
    ...Object.fromEntries(kept),
    HERMES_GATEWAY_MAX_STARTS: "0",
    HERMES_GATEWAY_EXIT_DIAG: "0",
    // Running a skill's script must not change the folder its digest names.
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

async function answers(address: HermesAddress): Promise<boolean> {
  try {
    return (await statusOf(address, "/health")) === 200;
  } catch (error) {
    if (codeOf(error) === "ECONNREFUSED" || codeOf(error) === "ECONNRESET") {
      return false;
    }
    throw error;
  }
}

async function freePort(): Promise<number> {
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
