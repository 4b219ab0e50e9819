/** An error as OpenAI-compatible providers send it, so agents classify it. */
export type Failure = {
  status: number;
  headers: Record<string, string>;
  body: {
    error: { message: string; type: string; param: null; code: string | null };
  };
};

export const BAD_REQUEST = failure(
  400,
  "Expected {model, messages}.",
  "invalid_request_error",
  null,
);
export const WRONG_KEY = failure(
  401,
  "Incorrect API key provided.",
  "invalid_request_error",
  "invalid_api_key",
);
export const UNKNOWN_ROUTE = failure(
  404,
  "Unknown route.",
  "invalid_request_error",
  "not_found",
);

/** Models that are faults on demand. */
const BY_MODEL: Record<string, Failure> = {
  "fail-401": WRONG_KEY,
  "fail-402": failure(
    402,
    "Insufficient credits.",
    "insufficient_quota",
    "insufficient_credits",
  ),
  "fail-429": failure(
    429,
    "Rate limit reached.",
    "requests",
    "rate_limit_exceeded",
    { "retry-after": "1" },
  ),
  "fail-context": failure(
    400,
    "This model's maximum context length is 131072 tokens. However, your messages resulted in 250000 tokens.",
    "invalid_request_error",
    "context_length_exceeded",
  ),
  "fail-500": failure(
    500,
    "The server had an error.",
    "server_error",
    "internal_error",
  ),
};

/** The names of the models that fail. */
export const FAILING_MODELS = Object.keys(BY_MODEL);

export function failureOf(model: string): Failure | null {
  return BY_MODEL[model] ?? null;
}

function failure(
  status: number,
  message: string,
  type: string,
  code: string | null,
  headers: Record<string, string> = {},
): Failure {
  return {
    status,
    headers,
    body: { error: { message, type, param: null, code } },
  };
}
