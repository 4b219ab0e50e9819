import { z } from "zod";
import { failure, type Failure } from "../errors";

/**
 * A provider's failure, in our words. Its own body never reaches a sandbox: it
 * may repeat the key. The status is one that agents act on (they retry 429 and
 * 5xx, compress on a context error, and give up on the others).
 */
export type ModelError = {
  status: number;
  failure: Failure;
  retryAfter: number | null; // seconds
};

const body = z.looseObject({
  error: z.union([
    z.string(),
    z.looseObject({
      message: z.string().nullish(),
      code: z.union([z.string(), z.number()]).nullish(),
    }),
  ]),
});

/** Longest a sandbox is told to wait, in seconds. */
const MAX_RETRY_AFTER = 120;

/** Classifies a provider's answer that is no success. */
export function modelError(
  status: number,
  text: string,
  retryAfter: string | null = null,
): ModelError {
  if (status >= 300 && status < 400) return redirected();
  const said = errorIn(text);
  if (isContext(status, said)) return context();
  switch (status) {
    case 401:
    case 403:
      return coded(
        401,
        "model_refused_key",
        "The model provider refused the key.",
      );
    case 402:
      return coded(
        402,
        "model_credit",
        "The model provider's account has no credit left.",
      );
    case 429:
      return {
        ...coded(
          429,
          "model_rate_limited",
          "The model provider limits the rate of requests.",
        ),
        retryAfter: secondsOf(retryAfter),
      };
    case 404:
      return coded(404, "model_failed", "The provider has no such model.");
    default:
      return status < 500
        ? coded(
            400,
            "model_failed",
            `The model provider refused the request (${status}).`,
          )
        : unavailable(`The model provider failed (${status}).`);
  }
}

/** An error among the chunks of a stream that began well; null where it is none. */
export function chunkError(chunk: unknown): ModelError | null {
  const parsed = body.safeParse(chunk);
  if (!parsed.success) return null;
  const said = errorIn(JSON.stringify(chunk));
  return modelError(
    typeof said.code === "number" ? said.code : 502,
    JSON.stringify(chunk),
  );
}

export function unavailable(message: string): ModelError {
  return coded(502, "model_failed", message);
}

function redirected(): ModelError {
  return unavailable("The model provider answered with a redirect.");
}

function context(): ModelError {
  // In these words agents recognise it, and shorten the conversation by themselves.
  return coded(
    400,
    "model_context",
    "This model's maximum context length was exceeded.",
  );
}

function coded(
  status: number,
  code: Parameters<typeof failure>[0],
  message: string,
): ModelError {
  return { status, failure: failure(code, message), retryAfter: null };
}

type Said = { code: string | number | null; message: string };

function errorIn(text: string): Said {
  try {
    const { error } = body.parse(JSON.parse(text));
    return typeof error === "string"
      ? { code: null, message: error }
      : { code: error.code ?? null, message: error.message ?? "" };
  } catch {
    return { code: null, message: "" }; // an HTML page, or nothing: the status decides
  }
}

function isContext(status: number, said: Said): boolean {
  if (said.code === "context_length_exceeded") return true;
  if (status === 413) return true;
  // Only OpenAI has a code for it; vLLM, Ollama and OpenRouter answer a plain 400.
  return status === 400 && /context (length|window|size)/i.test(said.message);
}

function secondsOf(retryAfter: string | null): number | null {
  const seconds = Number(retryAfter ?? NaN);
  if (!Number.isFinite(seconds) || seconds < 0) return null;
  return Math.min(Math.ceil(seconds), MAX_RETRY_AFTER);
}

/** The shape in which OpenAI's clients read an error. */
export function openAiError(error: { code: string; message: string }) {
  return {
    error: {
      message: error.message,
      type: "slipway_error",
      param: null,
      code:
        error.code === "model_context" ? "context_length_exceeded" : error.code,
    },
  };
}
