import type { ChatMessage, Step } from "./script";

export type Usage = {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
};

/** Token counts at four characters each: plausible, and clearly not billed. */
export function usageOf(messages: ChatMessage[], step: Step): Usage {
  const count = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4);
  const prompt_tokens = count(messages);
  const completion_tokens = count(step);
  const total_tokens = prompt_tokens + completion_tokens;
  return { prompt_tokens, completion_tokens, total_tokens };
}

/** The non-streamed answer. */
export function completion(model: string, step: Step, usage: Usage) {
  const message =
    step.kind === "answer"
      ? { role: "assistant", content: step.text }
      : {
          role: "assistant",
          content: step.say,
          tool_calls: [toolCall(step)],
        };
  return {
    ...envelope(model, "chat.completion"),
    choices: [{ index: 0, message, finish_reason: finishReason(step) }],
    usage,
  };
}

/** The same answer as the chunks of a stream; usage, always, comes last. */
export function chunksOf(model: string, step: Step, usage: Usage): object[] {
  const head = envelope(model, "chat.completion.chunk");
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason }],
  });
  return [
    ...deltas(step).map((delta) => chunk(delta)),
    chunk({}, finishReason(step)),
    { ...head, choices: [], usage },
  ];
}

function deltas(step: Step): object[] {
  const text = step.kind === "answer" ? step.text : step.say;
  const words = text.match(/\s*\S+(?:\s+$)?/g) ?? [];
  const content = [
    { role: "assistant", content: "" },
    ...words.map((content) => ({ content })),
  ];
  if (step.kind === "answer") return content;
  const call = toolCall(step);
  const { arguments: args, name } = call.function;
  const half = Math.ceil(args.length / 2);
  const piece = (part: object) => ({ tool_calls: [{ index: 0, ...part }] });
  return [
    ...content,
    piece({ id: call.id, type: "function", function: { name, arguments: "" } }),
    piece({ function: { arguments: args.slice(0, half) } }),
    piece({ function: { arguments: args.slice(half) } }),
  ];
}

function toolCall(step: Extract<Step, { kind: "tool" }>) {
  return {
    id: `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`,
    type: "function",
    function: { name: step.name, arguments: JSON.stringify(step.args) },
  };
}

function finishReason(step: Step): "stop" | "tool_calls" {
  return step.kind === "tool" ? "tool_calls" : "stop";
}

function envelope(model: string, object: string) {
  return {
    id: `chatcmpl-demo-${crypto.randomUUID()}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model,
  };
}
