import { setTimeout as sleep } from "node:timers/promises";
import type { Agent } from "./agent";
import { codeOf, messageOf } from "./errors";
import { TurnLog, type EndReason, type ErrorCode } from "./events";
import {
  callHermes,
  jsonOf,
  streamTurn,
  type HermesAddress,
} from "./hermes-api";
import { log } from "./log";
import type { Places } from "./places";
import type { PushTarget } from "./push";
import { boundedArgs, Translator, truncated } from "./translate";

export type TurnInput = {
  turnId: string;
  sessionId: string;
  text: string;
  system: string;
};

/** How long a turn waits for an agent that is still starting. */
const AGENT_WAIT_MS = 100_000;
const TURN_LIMIT_MS = 30 * 60_000;
/** How long the agent may take to come to rest after it was told to stop. */
const STOP_GRACE_MS = 5_000;

/** One turn of one session: runs to an end whatever happens. */
export class Turn {
  readonly log = new TurnLog();
  /** Where its events go: as whoever handed it over last said. */
  push: PushTarget | null = null;
  /** Resolves when the end event is in the log. */
  readonly done: Promise<void>;
  endedAt: number | null = null;
  #abort = new AbortController();
  #stopped = false;
  #address: HermesAddress | null = null;

  constructor(
    readonly input: TurnInput,
    agent: Agent,
    places: Places,
  ) {
    this.done = this.#run(agent, places);
  }

  get state(): "running" | "ended" {
    return this.log.ended ? "ended" : "running";
  }

  /** Asks the agent to stop; resolves when the turn has ended. */
  async stop(): Promise<void> {
    if (!this.#stopped && !this.log.ended) {
      this.#stopped = true;
      void this.#interrupt();
    }
    await this.done;
  }

  async #interrupt(): Promise<void> {
    try {
      if (this.#address) {
        const { sessionId } = this.input;
        const response = await callHermes(this.#address, {
          method: "POST",
          path: `/slipway/sessions/${sessionId}/interrupt`,
          timeoutMs: 2_000,
        });
        response.resume();
        // An interrupted agent ends its own stream; then nothing is cut off.
        const ended = this.done.then(() => true);
        if (await Promise.race([ended, sleep(STOP_GRACE_MS)])) return;
      }
    } catch (error) {
      log(`turn ${this.input.turnId}: interrupt failed`, error);
    }
    this.#abort.abort(); // Hermes interrupts a run whose client is gone
  }

  async #run(agent: Agent, places: Places): Promise<void> {
    const leave = await places.take(this.#abort.signal);
    if (!leave) return this.#end("stopped");
    const limit = setTimeout(() => {
      this.#fail("internal", "The turn ran into its limit of 30 minutes.");
      this.#abort.abort();
    }, TURN_LIMIT_MS);
    try {
      await this.#talk(agent);
    } catch (error) {
      this.#failLost(error);
    } finally {
      clearTimeout(limit);
      leave();
      if (!this.log.ended) this.#fail("internal", "The turn ended early.");
    }
  }

  async #talk(agent: Agent): Promise<void> {
    const { signal } = this.#abort;
    this.#address = await agent.ready(AGENT_WAIT_MS, signal);
    if (this.#stopped) return this.#end("stopped");
    if (!this.#address) {
      const { state } = agent;
      const reason = "reason" in state ? ` ${state.reason}` : "";
      return this.#fail(
        "agent_unavailable",
        `The agent is not running.${reason}`,
      );
    }
    const stream = await streamTurn(this.#address, this.input, signal);
    if (!stream.ok) {
      return this.#fail("internal", `The agent answered ${stream.status}.`);
    }
    const translator = new Translator((event) => this.log.add(event));
    for await (const event of stream.events) {
      translator.take(event);
      if (this.log.full) {
        this.#fail("internal", "The turn produced more than 4 MiB of output.");
        this.#abort.abort();
        return;
      }
    }
    await this.#fillIn(translator, this.#address);
    const { ending } = translator;
    if (this.#stopped) this.#end("stopped");
    else if (ending.kind === "complete") this.#end("complete");
    else if (ending.kind === "failed") this.#fail(ending.code, ending.message);
    else this.#fail("agent_lost", "The agent's answer broke off.");
  }

  /** Results the stream did not carry are in the session's messages. */
  async #fillIn(translator: Translator, address: HermesAddress): Promise<void> {
    const open = [...translator.calls].filter(([, call]) => !call.done);
    if (open.length === 0) return;
    try {
      const path = `/api/sessions/${this.input.sessionId}/messages`;
      const response = await callHermes(address, { path, timeoutMs: 10_000 });
      const messages = messagesOf(await jsonOf(response));
      for (const [callId, call] of open) {
        call.args ??= messages.args.get(callId);
        call.result = messages.results.get(callId) ?? call.result ?? "";
        translator.finishCall(callId, call);
      }
    } catch (error) {
      log(`turn ${this.input.turnId}: no messages`, error);
    }
  }

  #failLost(error: unknown): void {
    if (this.#stopped) return this.#end("stopped");
    const lost = ["ECONNREFUSED", "ECONNRESET", "EPIPE"];
    const code: ErrorCode =
      lost.includes(codeOf(error) ?? "") || this.#address
        ? "agent_lost"
        : "internal";
    this.#fail(code, `The agent was lost during the turn: ${messageOf(error)}`);
  }

  #fail(code: ErrorCode, message: string): void {
    this.log.add({ kind: "error", code, message });
    this.#end("failed");
  }

  #end(reason: EndReason): void {
    if (this.log.ended) return;
    this.endedAt = Date.now();
    this.log.add({ kind: "end", reason });
  }
}

function messagesOf(answer: unknown) {
  const args = new Map<string, unknown>();
  const results = new Map<string, string>();
  const rows = (answer as { data?: unknown } | null)?.data;
  for (const row of Array.isArray(rows) ? (rows as MessageRow[]) : []) {
    if (typeof row.tool_call_id === "string") {
      results.set(row.tool_call_id, truncated(String(row.content ?? "")));
    }
    for (const call of row.tool_calls ?? []) {
      args.set(call.id, boundedArgs(argumentsOf(call.function.arguments)));
    }
  }
  return { args, results };
}

type MessageRow = {
  tool_call_id?: unknown;
  content?: unknown;
  tool_calls?: { id: string; function: { arguments: string } }[] | null;
};

function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
