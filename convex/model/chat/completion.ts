import { z } from "zod";
import { UNSPENT, type Spent } from "./spending";

/** A tool of the agent's own. Those of other types run at the provider, which lets them ask other models. */
const tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.unknown().optional(),
    strict: z.boolean().nullish(),
  }),
});

const toolChoice = z.union([
  z.string(),
  z.object({
    type: z.literal("function"),
    function: z.object({ name: z.string() }),
  }),
]);

const responseFormat = z.object({
  type: z.enum(["text", "json_object", "json_schema"]),
  json_schema: z.unknown().optional(),
});

/** Not its `max_tokens`: an answer's length is what `max_tokens` says, which is reserved. */
const reasoning = z.object({
  enabled: z.boolean().nullish(),
  effort: z.string().nullish(),
  exclude: z.boolean().nullish(),
});

/**
 * What of an agent's request to its model is passed on. A list of what is
 * allowed: providers have extensions that cost or reach further (OpenRouter's
 * `models`, `plugins`, `provider`), and the sandbox must not choose those.
 */
const request = z.object({
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  stream: z.boolean().optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: responseFormat.nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  reasoning_effort: z.string().nullish(),
  reasoning: reasoning.nullish(),
  seed: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
});

export type Completion = {
  body: string; // JSON for the provider
  stream: boolean;
  /** Tokens it allows the model to say, if it names a number. */
  answer: number | null;
  /** The user's last words in it, to tell whose turn asks. */
  words: string;
};

/** The request for the provider, with the user's model; null where it is none. */
export function parseCompletion(
  text: string,
  model: string,
): Completion | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = request.safeParse(json);
  if (!parsed.success) return null;
  const stream = parsed.data.stream === true;
  const body = {
    ...parsed.data,
    model,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
  };
  const passedOn = written(body);
  if (passedOn === null) return null;
  return {
    body: passedOn,
    stream,
    answer: answerOf(parsed.data),
    words: lastWords(parsed.data.messages),
  };
}

function written(body: object): string | null {
  try {
    return JSON.stringify(body);
  } catch (error) {
    if (error instanceof RangeError) return null; // nested beyond writing
    throw error;
  }
}

/** The larger of its two names: providers differ in which they follow. Zero and less name nothing. */
function answerOf(named: {
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
}): number | null {
  const { max_tokens, max_completion_tokens } = named;
  const most = Math.max(max_tokens ?? 0, max_completion_tokens ?? 0);
  return most > 0 ? most : null;
}

function lastWords(messages: { role: string; content?: unknown }[]): string {
  const content = messages.findLast(({ role }) => role === "user")?.content;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: { text?: unknown } | null) =>
      typeof part?.text === "string" ? part.text : "",
    )
    .join("\n");
}

/**
 * Whose turn a request belongs to. The agent's requests name no turn, so the
 * one whose text the user's last words contain. A short text is in many a longer
 * one, so the longest of them; of two that are the same the one that has spent
 * least. Where none is contained, the newest.
 */
export function turnOf<T extends { text: string; spent?: Spent }>(
  turns: T[],
  words: string,
): T | undefined {
  const [best] = turns
    .filter(({ text }) => words.includes(text))
    .sort(
      (a, b) => b.text.length - a.text.length || compareSpent(a.spent, b.spent),
    );
  return best ?? turns.at(-1);
}

function compareSpent(a = UNSPENT, b = UNSPENT): number {
  return a.tokens - b.tokens || a.requests - b.requests;
}

const usage = z.object({
  prompt_tokens: z.number().nonnegative(),
  completion_tokens: z.number().nonnegative(),
});

export type Usage = { promptTokens: number; completionTokens: number };

/** The usage a completion or its last chunk reports, or null. */
export function usageOf(value: unknown): Usage | null {
  const holder = z.looseObject({ usage }).safeParse(value);
  if (!holder.success) return null;
  return {
    promptTokens: holder.data.usage.prompt_tokens,
    completionTokens: holder.data.usage.completion_tokens,
  };
}
