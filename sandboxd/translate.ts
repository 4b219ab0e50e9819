import type { ErrorCode, EventBody } from "./events";
import type { ServerSentEvent } from "./sse";

export const MAX_RESULT_CHARS = 16 * 1024;
const MAX_ARGS_CHARS = 16 * 1024;

/** How a stream of the agent ended, as far as it said so. */
export type Ending =
  | { kind: "none" }
  | { kind: "complete" }
  | { kind: "failed"; code: ErrorCode; message: string };

type Call = { name: string; args?: unknown; result?: string; done: boolean };

/**
 * Turns the agent's stream into our events. Standard events carry a tool's
 * name and status; those marked "slipway" come from hermes_run.py, ahead of
 * the standard one, and carry what it lacks.
 */
export class Translator {
  readonly calls = new Map<string, Call>();
  ending: Ending = { kind: "none" };
  #finish: string | null = null;
  #cause: { reason?: unknown; status?: unknown } | null = null;
  #message: string | null = null;

  constructor(readonly emit: (event: EventBody) => void) {}

  take({ event, data }: ServerSentEvent): void {
    if (event === "hermes.tool.progress") {
      const payload = parse(data);
      if (payload) this.#progress(payload);
    } else if (data === "[DONE]") {
      this.ending = this.#ended();
    } else {
      const chunk = parse(data);
      if (chunk) this.#chunk(chunk);
    }
  }

  #chunk(chunk: Record<string, unknown>): void {
    const choices = chunk.choices as
      | { delta?: Record<string, unknown>; finish_reason?: unknown }[]
      | undefined;
    const choice = choices?.[0];
    const { content, reasoning_content: reasoning } = choice?.delta ?? {};
    if (isText(reasoning)) this.emit({ kind: "reasoning", delta: reasoning });
    if (isText(content)) this.emit({ kind: "text", delta: content });
    if (typeof choice?.finish_reason === "string") {
      this.#finish = choice.finish_reason;
    }
    const error = chunk.error as { message?: unknown } | undefined;
    if (isText(error?.message)) this.#message = error.message;
  }

  #progress(payload: Record<string, unknown>): void {
    const { slipway, toolCallId: callId } = payload;
    if (slipway === "reasoning" && isText(payload.delta)) {
      this.emit({ kind: "reasoning", delta: payload.delta });
    } else if (slipway === "failure") {
      this.#cause = payload;
    }
    if (typeof callId !== "string") return;
    const call = this.calls.get(callId) ?? {
      name: String(payload.tool),
      done: false,
    };
    this.calls.set(callId, call);
    if (slipway === "args") {
      call.args = boundedArgs(payload.args);
    } else if (slipway === "result") {
      call.result = truncated(String(payload.result), Number(payload.length));
    } else if (payload.status === "running") {
      this.emit({
        kind: "tool",
        callId,
        name: call.name,
        status: "running",
        ...(isText(payload.label) && { label: payload.label.slice(0, 500) }),
        ...(call.args !== undefined && { args: call.args }),
      });
    } else if (payload.status === "completed") {
      this.finishCall(callId, call);
    }
  }

  /** Emits the last event of a call, unless the result is still to be found. */
  finishCall(callId: string, call: Call): void {
    if (call.done || call.result === undefined) return;
    call.done = true;
    this.emit({
      kind: "tool",
      callId,
      name: call.name,
      status: failed(call.result) ? "failed" : "done",
      ...(call.args !== undefined && { args: call.args }),
      result: call.result,
    });
  }

  #ended(): Ending {
    // Also after the last of its steps: Hermes then sums up what it has.
    if (this.#finish === "stop") return { kind: "complete" };
    if (this.#finish === "length") {
      // Hermes ends a broken connection in the same way as a length limit.
      const message =
        "The model's answer broke off: its length limit, or a lost connection.";
      return { kind: "failed", code: "model_failed", message };
    }
    const code = codeOfReason(this.#cause?.reason);
    const message = this.#message ?? "The agent reported a failure.";
    return { kind: "failed", code, message: message.slice(0, 2_000) };
  }
}

/** Hermes's own classification of a failed model call, in our codes. */
function codeOfReason(reason: unknown): ErrorCode {
  switch (reason) {
    case "auth":
    case "auth_permanent":
      return "model_refused_key";
    case "billing":
      return "model_credit";
    case "rate_limit":
    case "upstream_rate_limit":
      return "model_rate_limited";
    case "context_overflow":
    case "payload_too_large":
    case "long_context_tier":
      return "model_context";
    default:
      return "model_failed";
  }
}

/** A result as shown: 16 KiB, with a mark where it was cut. */
export function truncated(text: string, length = text.length): string {
  const whole = Number.isFinite(length) ? Math.max(length, text.length) : 0;
  if (whole <= MAX_RESULT_CHARS) return text;
  const kept = text.slice(0, MAX_RESULT_CHARS);
  return `${kept}\n[cut: ${whole - MAX_RESULT_CHARS} more characters]`;
}

export function boundedArgs(args: unknown): unknown {
  const text = JSON.stringify(args) ?? "null";
  return text.length <= MAX_ARGS_CHARS ? args : truncated(text);
}

/** Whether a tool's result, which tools report as JSON, says it failed. */
function failed(result: string): boolean {
  const parsed = parse(result);
  if (!parsed) return false;
  if (parsed.success === false) return true;
  if (typeof parsed.exit_code === "number") return parsed.exit_code !== 0;
  return isText(parsed.error);
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object"
      ? (value as Record<string, unknown>)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
