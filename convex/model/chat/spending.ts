import { failure, type Failure } from "../errors";
import type { Usage } from "./completion";
import {
  COMPLETION_TOKENS,
  LARGEST_CONTEXT,
  TURN_REQUESTS,
  TURN_TOKENS,
} from "./limits";

/**
 * What one turn may spend at its user's model. A skill decides what the agent
 * asks, so that without a bound it decides what the user pays.
 */
export type Spent = {
  requests: number;
  /** Used, or reserved by requests that have not been settled. */
  tokens: number;
};

export const UNSPENT: Spent = { requests: 0, tokens: 0 };

/** Characters of a token, roughly and on the careful side for text in English. */
const CHARS_PER_TOKEN = 4;

/**
 * Tokens a model can hold at most. What the operator says of it (or a default
 * says, which is small) is about the provider's own model; of another that a
 * user chose nobody here knows.
 */
export function contextOf(
  provider: { defaultModel: string | null; contextLength: number },
  model: string,
): number {
  const { defaultModel, contextLength } = provider;
  if (model === defaultModel) return contextLength;
  return Math.max(contextLength, LARGEST_CONTEXT);
}

/**
 * Tokens a request may come to at most, roughly: `text` is its JSON, `answer`
 * the tokens it allows the model to say, `context` what the model can hold.
 */
export function estimate(
  text: string,
  answer: number | null,
  context: number,
): number {
  const said = Math.ceil(text.length / CHARS_PER_TOKEN);
  return Math.min(context, said + Math.max(0, answer ?? COMPLETION_TOKENS));
}

/** Takes a request and its tokens from the allowance, or says why it may not. */
export function charge(
  before: Spent | undefined,
  tokens: number,
): { ok: true; spent: Spent } | { ok: false; error: Failure } {
  const spent = before ?? UNSPENT;
  if (spent.requests >= TURN_REQUESTS) {
    return refused(`asked its model ${TURN_REQUESTS} times for this message`);
  }
  if (spent.tokens + tokens > TURN_TOKENS) {
    const most = TURN_TOKENS.toLocaleString("en");
    return refused(`used the ${most} tokens of its model for this message`);
  }
  return {
    ok: true,
    spent: { requests: spent.requests + 1, tokens: spent.tokens + tokens },
  };
}

function refused(what: string): { ok: false; error: Failure } {
  const message = `The agent ${what}, and it may have no more.`;
  return { ok: false, error: failure("model_budget", message) };
}

/** Puts what a request used in place of what it reserved; unknown use stays reserved. */
export function settled(
  before: Spent,
  reserved: number,
  usage: Usage | null,
): Spent {
  if (!usage) return before;
  const used = Math.ceil(usage.promptTokens + usage.completionTokens);
  const tokens = Math.max(0, before.tokens - reserved) + used;
  // Not at TURN_TOKENS: what other requests give back would let the turn go on.
  return { ...before, tokens: Math.min(tokens, Number.MAX_SAFE_INTEGER) };
}
