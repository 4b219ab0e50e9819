import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  apiSettings,
  freePort,
  startAgent,
  type AgentProcess,
} from "./agent-process";
import { messageOf, Refusal } from "./errors";
import { readJson } from "./files";
import {
  callHermes,
  jsonOf,
  statusFrom,
  type HermesAddress,
} from "./hermes-api";
import type { HermesHome } from "./hermes-home";
import type { Layout } from "./layout";
import { log } from "./log";
import { pause } from "./pause";
import { workspace } from "./workspaces";

export type AgentState =
  | { state: "starting" }
  | { state: "ready"; version: string }
  | { state: "unavailable" | "failed" | "insecure"; reason: string };

const BOOT_LIMIT_MS = 90_000;
const BOOT_POLL_MS = 40;
const BACKOFF_MS = [250, 1_000, 2_000, 5_000, 10_000, 30_000];
/** From a polite request to end until it is killed. */
const CLOSE_GRACE_MS = 1_000;
const REST_GRACE_MS = 5_000;
/** For its life to end after that: only a disk that does not answer takes longer. */
const REST_LIMIT_MS = 20_000;
/** So often in a row a doubted one must leave its /health unanswered. */
const DOUBT_TRIES = 3;
/** A run this long makes the next failure a first one again. */
const SETTLED_MS = 60_000;
/** From this failure in a row on it is called failed, and still tried again. */
const FAILED_AFTER = 3;
const MAX_REASON_CHARS = 1_500;

/** Starts Hermes, proves that it is guarded, and starts it again if it dies. */
export class Agent {
  #state: AgentState = { state: "starting" };
  #address: HermesAddress | null = null;
  #process: AgentProcess | null = null;
  /** Of the life that Hermes leads now: ends it, and tells when it has ended. */
  #life: { end: AbortController; ended: Promise<unknown> } | null = null;
  /** Whose silence is being looked into. */
  #doubted: HermesAddress | null = null;
  #resting: Promise<void> | null = null;
  #closed = new AbortController();
  /** Ends the wait between two failures. */
  #hurry = new AbortController();
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

  /** Runs until closed, or until starting it again would be wrong. */
  async supervise(): Promise<void> {
    const missing = await this.#missing();
    if (missing) return this.#become({ state: "unavailable", reason: missing });
    for (let failures = 0; !this.#closed.signal.aborted;) {
      if (this.#resting) {
        await this.#resting;
        continue;
      }
      const startedAt = Date.now();
      const end = new AbortController();
      const ended = this.#runOnce(end);
      this.#life = { end, ended };
      const outcome = await ended;
      this.#life = null;
      if (this.#closed.signal.aborted) return;
      if (this.#resting) {
        failures = 0;
        this.#become({ state: "starting" });
        continue;
      }
      failures = Date.now() - startedAt > SETTLED_MS ? 1 : failures + 1;
      const reason = outcome.reason.slice(0, MAX_REASON_CHARS);
      log(`agent ended (${failures}): ${reason}`);
      if (outcome.insecure) return this.#become({ state: "insecure", reason });
      this.#become(
        failures < FAILED_AFTER
          ? { state: "starting" }
          : { state: "failed", reason },
      );
      const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0;
      this.#hurry = new AbortController();
      const { signal } = this.#hurry;
      await pause(wait, AbortSignal.any([signal, this.#closed.signal]));
    }
  }

  /** One that failed is started at once, and turns wait for it again. */
  tryAgain(): void {
    if (this.#state.state !== "failed") return;
    this.#become({ state: "starting" });
    this.#hurry.abort();
  }

  /**
   * Somebody waited in vain for the agent at `address`. One that hangs does not
   * exit: its life ends here if it answers nobody, so that it is started again.
   * One that does answer may be at work for others, and goes on.
   */
  async doubt(address: HermesAddress): Promise<void> {
    if (this.#doubted === address) return;
    this.#doubted = address;
    try {
      for (let tries = 0; tries < DOUBT_TRIES; tries += 1) {
        if ((await statusFrom(address, "/health")) !== null) return;
        // Already told to end, it is given its time to.
        if (this.#address !== address || this.#resting) return;
      }
      this.#life?.end.abort("it answered nobody any more");
    } finally {
      this.#doubted = null;
    }
  }

  /**
   * Runs `task` while no agent lives; then it is started again. One at a time.
   * Throws `Refusal` where it does not end in time: busy.
   */
  async rest<T>(task: () => Promise<T>, limitMs = REST_LIMIT_MS): Promise<T> {
    let wake = () => {};
    this.#resting = new Promise((resolve) => (wake = resolve));
    try {
      const ended = this.#endLife().then(() => true);
      if (!(await Promise.race([ended, sleep(limitMs, false)]))) {
        throw new Refusal(409, "busy", "The agent does not stop. Try again.");
      }
      return await task();
    } finally {
      this.#resting = null;
      wake();
    }
  }

  async #endLife(): Promise<void> {
    const life = this.#life; // no other begins while it is to rest
    await this.#stop(REST_GRACE_MS);
    life?.end.abort("it was told to rest"); // also one that has no process yet
    await life?.ended;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#stop(CLOSE_GRACE_MS);
  }

  async #stop(graceMs: number): Promise<void> {
    const running = this.#process;
    if (!running) return;
    running.kill("SIGTERM");
    const gone = running.ended.then(() => true);
    if (await Promise.race([gone, sleep(graceMs)])) return;
    running.kill("SIGKILL");
    await running.ended;
  }

  async #missing(): Promise<string | null> {
    const note = (await readJson(join(this.folder, "agent.json"))) as {
      ok?: unknown;
      reason?: unknown;
    } | null;
    const { reason } = note ?? {};
    if (note?.ok === false && typeof reason === "string") {
      return reason.slice(0, MAX_REASON_CHARS);
    }
    const python = join(this.folder, "venv/bin/python");
    return existsSync(python) ? null : "The agent is not in this snapshot.";
  }

  /** One life of Hermes. Resolves, never rejects, with the reason it ended. */
  async #runOnce(
    life: AbortController,
  ): Promise<{ reason: string; insecure?: boolean }> {
    let running: AgentProcess | null = null;
    try {
      const address = {
        port: await freePort(),
        key: randomBytes(32).toString("base64url"),
      };
      await this.home.prepare(apiSettings(address));
      await workspace(this.layout);
      running = startAgent(this.layout, this.folder, address);
      this.#process = running;
      const reason = Promise.race([
        running.ended.then((reason) => ({ reason })),
        aborted(life.signal).then(() => ({
          reason: String(life.signal.reason),
        })),
      ]);
      const proof = this.#prove(address, life.signal);
      const early = await Promise.race([reason, proof]);
      if (early !== "guarded") return early;
      this.#address = address;
      const version = await versionOf(address);
      this.#become({ state: "ready", version });
      return await reason;
    } catch (error) {
      return { reason: messageOf(error) };
    } finally {
      life.abort();
      this.#address = null;
      this.#process = null;
      // A turn that begins before the next life waits for that.
      if (this.#state.state === "ready") this.#become({ state: "starting" });
      running?.kill("SIGKILL"); // it, or what it left behind
      await running?.ended;
      await running?.killRest();
    }
  }

  /** Waits until it answers, and refuses calls without its key. */
  async #prove(address: HermesAddress, life: AbortSignal) {
    const over = AbortSignal.any([life, this.#closed.signal]);
    const deadline = Date.now() + BOOT_LIMIT_MS;
    for (;;) {
      const said = await withoutKey(address);
      if (said?.every((status) => status === 401)) return "guarded" as const;
      if (said) {
        const [none, wrong] = said;
        const reason =
          `The agent's API answered ${none} without a key and ${wrong} with ` +
          "a wrong one, instead of refusing both with 401.";
        return { reason, insecure: true };
      }
      if (over.aborted || Date.now() > deadline) {
        return { reason: "the agent did not answer within 90 s" };
      }
      await pause(BOOT_POLL_MS, over);
    }
  }

  #become(state: AgentState): void {
    if (state.state !== this.#state.state) log(`agent is ${state.state}`);
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }
}

async function versionOf(address: HermesAddress): Promise<string> {
  const response = await callHermes(address, { path: "/health" });
  const health = (await jsonOf(response)) as { version?: unknown } | null;
  return String(health?.version ?? "unknown");
}

/** What calls without a key and with a wrong one are told; null: not yet. */
async function withoutKey(address: HermesAddress): Promise<number[] | null> {
  if ((await statusFrom(address, "/health")) !== 200) return null;
  const none = await statusFrom({ ...address, key: null }, "/v1/models");
  const wrong = await statusFrom({ ...address, key: "wrong" }, "/v1/models");
  return none === null || wrong === null ? null : [none, wrong];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
