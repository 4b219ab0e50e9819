import { describe, expect, test } from "bun:test";
import type { EventBody } from "./events";
import { Translator, truncated } from "./translate";

function translate(...events: [event: string, data: unknown][]) {
  const out: EventBody[] = [];
  const translator = new Translator((event) => out.push(event));
  for (const [event, data] of events) {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    translator.take({ event, data: text });
  }
  return { out, translator };
}

const progress = (payload: object): [string, unknown] => [
  "hermes.tool.progress",
  payload,
];
const chunk = (choice: object, rest: object = {}): [string, unknown] => [
  "message",
  { choices: [choice], ...rest },
];
const done: [string, unknown] = ["message", "[DONE]"];
const call = { toolCallId: "c1", tool: "terminal" };

describe("tools", () => {
  test("take arguments and results from the marked events", () => {
    const { out } = translate(
      progress({ ...call, slipway: "args", args: { command: "ls" } }),
      progress({ ...call, status: "running", label: "ls" }),
      progress({ ...call, slipway: "result", result: "ok", length: 2 }),
      progress({ ...call, status: "completed" }),
    );
    const tool = { kind: "tool", callId: "c1", name: "terminal" };
    const args = { command: "ls" };
    expect(out).toEqual([
      { ...tool, status: "running", label: "ls", args },
      { ...tool, status: "done", args, result: "ok" },
    ] as EventBody[]);
  });

  test("of a Hermes without our marks stay open, to be filled in", () => {
    const { out, translator } = translate(
      progress({ ...call, status: "running", label: "ls" }),
      progress({ ...call, status: "completed" }),
    );
    expect(out).toHaveLength(1);
    const open = translator.calls.get("c1")!;
    expect(open.done).toBe(false);
    open.result = "found later";
    translator.finishCall("c1", open);
    translator.finishCall("c1", open);
    expect(out.slice(1)).toMatchObject([{ status: "done", callId: "c1" }]);
  });

  for (const [result, status] of [
    ['{"exit_code":0,"error":null}', "done"],
    ['{"exit_code":2,"output":"no"}', "failed"],
    ['{"success":false,"error":"no"}', "failed"],
    ['{"error":"blocked"}', "failed"],
    ["plain text", "done"],
  ] as const) {
    test(`that say ${result} are ${status}`, () => {
      const { out } = translate(
        progress({ ...call, slipway: "result", result, length: 1 }),
        progress({ ...call, status: "completed" }),
      );
      expect(out).toMatchObject([{ status }]);
    });
  }
});

describe("text", () => {
  test("and reasoning pass through, empty deltas do not", () => {
    const { out } = translate(
      chunk({ delta: { role: "assistant" } }),
      progress({ slipway: "reasoning", delta: "why" }),
      chunk({ delta: { content: "" } }),
      chunk({ delta: { content: "because" } }),
    );
    expect(out).toEqual([
      { kind: "reasoning", delta: "why" },
      { kind: "text", delta: "because" },
    ]);
  });

  test("a long result is cut with a mark that counts what is gone", () => {
    expect(truncated("x".repeat(16_384))).toHaveLength(16_384);
    expect(truncated("x".repeat(20_000), 50_000)).toEndWith(
      "x\n[cut: 33616 more characters]",
    );
  });
});

describe("the ending", () => {
  const failure = (reason: string) =>
    progress({ slipway: "failure", reason, status: null });
  const finish = (finish_reason: string) =>
    chunk({ delta: {}, finish_reason }, { error: { message: "It failed." } });

  test("without an end mark there is none", () => {
    expect(translate(finish("stop")).translator.ending.kind).toBe("none");
  });

  test("is complete only when it stopped by itself", () => {
    const { translator } = translate(finish("stop"), done);
    expect(translator.ending).toEqual({ kind: "complete" });
  });

  for (const [reason, code] of [
    ["auth", "model_refused_key"],
    ["auth_permanent", "model_refused_key"],
    ["billing", "model_credit"],
    ["rate_limit", "model_rate_limited"],
    ["context_overflow", "model_context"],
    ["server_error", "model_failed"],
    ["something new", "model_failed"],
  ] as const) {
    test(`a model call failed by ${reason} is ${code}`, () => {
      const { translator } = translate(failure(reason), finish("error"), done);
      expect(translator.ending).toMatchObject({
        kind: "failed",
        code,
        message: "It failed.",
      });
    });
  }
});
