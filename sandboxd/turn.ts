import { setTimeout as sleep } from "node:timers/promises";
import type { Agent, AgentState } from "./agent";
import { codeOf, messageOf } from "./errors";
import { TurnLog, type EndReason, type ErrorCode } from "./events";
import {
  callHermes,
  jsonOf,
  Silence,
  SILENCE_MS,
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

const LIMITS = {
  /** For all of it. */
  turnMs: 30 * 60_000,
  /** From one word of the agent to the next. */
  silenceMs: SILENCE_MS,
  /** How long the agent may take to come to rest after it was told to stop. */
  graceMs: 5_000,
};

type Outcome =
  | { reason: Exclude<EndReason, "failed"> }
  | { reason: "failed"; code: ErrorCode; message: string };

/** One turn of one session: runs to an end whatever happens. */
export class Turn {
  readonly log = new TurnLog();
  /** Where its events go: as whoever handed it over last said. */
  push: PushTarget | null = null;
  /** Resolves when the end event is in the log. */
  readonly done: Promise<void>;
  /** ms since the epoch; null while it runs. */
  endedAt: number | null = null;
  #abort = new AbortController();
  /** Why it was cut short: that is then its outcome, whatever else comes. */
  #cut: Outcome | null = null;
  #address: HermesAddress | null = null;

  constructor(
    readonly input: TurnInput,
    readonly agent: Agent,
    places: Places,
    readonly limits = LIMITS,
  ) {
    this.done = this.#run(places);
  }

  get state(): "running" | "ended" {
    return this.log.ended ? "ended" : "running";
  }

  /** Asks the agent to stop; resolves when the turn has ended. */
  async stop(): Promise<void> {
    this.#cutShort({ reason: "stopped" });
    await this.done;
  }

  /**
   * The turn ends once the agent rests, or its grace is over: a turn that comes
   * next would run beside what still runs of this one.
   */
  #cutShort(why: Outcome): void {
    if (this.#cut || this.log.ended) return;
    this.#cut = why;
    void this.#interrupt();
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
        if (await Promise.race([ended, sleep(this.limits.graceMs)])) return;
      }
    } catch (error) {
      log(`turn ${this.input.turnId}: interrupt failed`, error);
      this.#doubtAfter(error);
    }
    this.#abort.abort(); // Hermes interrupts a run whose client is gone
  }

  async #run(places: Places): Promise<void> {
    const leave = await places.take(this.#abort.signal);
    if (!leave) return this.#end({ reason: "stopped" });
    const limit = setTimeout(
      () =>
        this.#cutShort(
          failure("internal", "The turn ran into its limit of 30 minutes."),
        ),
      this.limits.turnMs,
    );
    try {
      this.#end(await this.#talk());
    } catch (error) {
      this.#end(this.#lost(error));
    } finally {
      clearTimeout(limit);
      leave();
    }
  }

  async #talk(): Promise<Outcome> {
    const { signal } = this.#abort;
    this.#address = await this.agent.ready(AGENT_WAIT_MS, signal);
    if (this.#cut) return this.#cut;
    if (!this.#address) return notRunning(this.agent.state);
    const stream = await streamTurn(
      this.#address,
      this.input,
      signal,
      this.limits.silenceMs,
    );
    if (!stream.ok) {
      return failure("internal", `The agent answered ${stream.status}.`);
    }
    const translator = new Translator((event) => this.log.add(event));
    for await (const event of stream.events) {
      if (!this.log.full) translator.take(event);
      if (!this.log.full) continue;
      const message = "The turn produced more than 4 MiB of output.";
      this.#cutShort(failure("internal", message));
    }
    await this.#fillIn(translator, this.#address);
    const { ending } = translator;
    if (ending.kind === "complete") return { reason: "complete" };
    if (ending.kind === "failed") return failure(ending.code, ending.message);
    return failure("agent_lost", "The agent's answer broke off.");
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

  #lost(error: unknown): Outcome {
    this.#doubtAfter(error);
    const lost = ["ECONNREFUSED", "ECONNRESET", "EPIPE"];
    const code: ErrorCode =
      lost.includes(codeOf(error) ?? "") || this.#address
        ? "agent_lost"
        : "internal";
    const message = `The agent was lost during the turn: ${messageOf(error)}`;
    return failure(code, message);
  }

  /** Silence may be the turn's alone, or that of an agent that hangs. */
  #doubtAfter(error: unknown): void {
    if (!(error instanceof Silence) || !this.#address) return;
    void this.agent.doubt(this.#address);
  }

  #end(outcome: Outcome): void {
    const told = this.#cut ?? outcome;
    if (told.reason === "failed") {
      const { code, message } = told;
      this.log.add({ kind: "error", code, message });
    }
    this.endedAt = Date.now();
    this.log.add({ kind: "end", reason: told.reason });
  }
}

function failure(code: ErrorCode, message: string): Outcome {
  return { reason: "failed", code, message };
}

/** Only what no restart mends is for the operator; the rest comes back by itself. */
function notRunning(agent: AgentState): Outcome {
  const { state } = agent;
  const lasting = state === "unavailable" || state === "insecure";
  const reason = "reason" in agent ? ` ${agent.reason}` : "";
  return failure(
    lasting ? "agent_unavailable" : "agent_lost",
    `The agent is not running.${reason}`,
  );
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
