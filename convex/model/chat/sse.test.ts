import { describe, expect, test } from "bun:test";
import { parseCompletion, turnOf, usageOf } from "./completion";
import { ModelStream } from "./sse";
import { chunkError, modelError } from "./upstream";

const bytes = (text: string) => new TextEncoder().encode(text);
const passed = (stream: ModelStream, chunk: Uint8Array) =>
  new TextDecoder().decode(stream.take(chunk));

describe("a provider's stream", () => {
  const chunk = 'data: {"choices":[{"delta":{"content":"é🙂"}}]}\n\n';
  const last =
    'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n';

  test("each event is passed on as soon as it is whole, unchanged", () => {
    const stream = new ModelStream();
    let out = "";
    for (const byte of bytes(chunk + last)) {
      out += passed(stream, new Uint8Array([byte]));
    }
    expect(out).toBe(chunk + last);
    expect(stream.usage).toEqual({ promptTokens: 3, completionTokens: 2 });
    expect(stream.complete).toBe(true);
  });

  test("a whole event does not wait for the next", () => {
    const stream = new ModelStream();
    expect(passed(stream, bytes(`${chunk}data: {"cho`))).toBe(chunk);
  });

  test("CRLF is understood too", () => {
    const stream = new ModelStream();
    const text = "data: [DONE]\r\n\r\n";
    expect(passed(stream, bytes(text))).toBe(text);
    expect(stream.complete).toBe(true);
  });

  test("an error within is replaced, and nothing follows it", () => {
    const stream = new ModelStream();
    const out = passed(
      stream,
      bytes(
        `${chunk}data: {"error":{"message":"bad sk-SECRET","code":429}}\n\n${last}`,
      ),
    );
    expect(out).toStartWith(chunk);
    expect(out).toContain("model_rate_limited");
    expect(out).not.toContain("SECRET");
    expect(out).not.toContain("[DONE]");
    expect(passed(stream, bytes(chunk))).toBe("");
    expect(stream.error?.code).toBe("model_rate_limited");
  });

  test("an endless event is refused", () => {
    const stream = new ModelStream();
    const piece = new Uint8Array(300 * 1024).fill(97);
    let out = "";
    for (let i = 0; i < 5; i += 1) out += passed(stream, piece);
    expect(out).toContain("too large");
    expect(out.length).toBeLessThan(1_000);
  });
});

describe("a provider's refusal", () => {
  const said = (error: object) => JSON.stringify({ error });

  test.each([
    [401, "", "model_refused_key", 401],
    [403, "<html>", "model_refused_key", 401],
    [402, "", "model_credit", 402],
    [429, "", "model_rate_limited", 429],
    [404, "", "model_failed", 404],
    [422, "", "model_failed", 400],
    [307, "", "model_failed", 502],
    [500, "", "model_failed", 502],
    [400, said({ code: "context_length_exceeded" }), "model_context", 400],
    [
      400,
      said({ message: "maximum context length is 8k" }),
      "model_context",
      400,
    ],
    [413, "", "model_context", 400],
  ])("%i %s reads as %s", (status, body, code, answered) => {
    const error = modelError(status, body);
    expect(error.failure.code).toBe(code as never);
    expect(error.status).toBe(answered);
  });

  test("no word of its own comes through", () => {
    const error = modelError(401, said({ message: "wrong key sk-SECRET" }));
    expect(JSON.stringify(error)).not.toContain("SECRET");
  });

  test("how long to wait is passed on within reason", () => {
    expect(modelError(429, "", "7").retryAfter).toBe(7);
    expect(modelError(429, "", "99999").retryAfter).toBe(120);
    expect(modelError(429, "", "tomorrow").retryAfter).toBeNull();
  });

  test("a chunk without an error is none", () => {
    expect(chunkError({ choices: [] })).toBeNull();
  });
});

describe("an agent's request", () => {
  const messages = [
    { role: "system", content: "s" },
    { role: "user", content: [{ type: "text", text: "hello there" }] },
    { role: "tool", content: "result", tool_call_id: "1" },
  ];

  test("goes on with the user's model, and only with what is allowed", () => {
    const completion = parseCompletion(
      JSON.stringify({
        model: "slipway",
        models: ["dear/model"],
        plugins: [{ id: "web" }],
        provider: { order: ["x"] },
        n: 50,
        user: "someone",
        messages,
        tools: [{ type: "function", function: { name: "look" } }],
        stream: true,
        stream_options: { include_usage: false },
      }),
      "user/choice",
    );
    expect(JSON.parse(completion?.body ?? "")).toEqual({
      model: "user/choice",
      messages,
      tools: [{ type: "function", function: { name: "look" } }],
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(completion?.words).toBe("hello there");
  });

  test.each(["", "[]", "{}", '{"messages":[]}', '{"messages":"x"}'])(
    "%s is none",
    (text) => {
      expect(parseCompletion(text, "m")).toBeNull();
    },
  );

  test("is counted to the turn whose words it carries, else to the newest", () => {
    const turns = [{ text: "first" }, { text: "second" }];
    expect(turnOf(turns, "[date] first")?.text).toBe("first");
    expect(turnOf(turns, "something else")?.text).toBe("second");
    expect(turnOf([], "x")).toBeUndefined();
  });

  test("usage is taken only where it is one", () => {
    expect(usageOf({ usage: null })).toBeNull();
    expect(
      usageOf({ usage: { prompt_tokens: -1, completion_tokens: 1 } }),
    ).toBeNull();
  });
});
