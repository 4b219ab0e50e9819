/** Errors as OpenAI-compatible providers send them, so agents classify them. */
const FAILURES = {
  400: ["Expected {model, messages}.", "invalid_request_error", null],
  401: [
    "Incorrect API key provided.",
    "invalid_request_error",
    "invalid_api_key",
  ],
  402: ["Insufficient credits.", "insufficient_quota", "insufficient_credits"],
  404: ["Unknown route.", "invalid_request_error", "not_found"],
  429: ["Rate limit reached.", "requests", "rate_limit_exceeded"],
  500: ["The server had an error.", "server_error", "internal_error"],
} as const satisfies Record<number, readonly [string, string, string | null]>;

/** The response for a status, or for a model's name that asks for a fault. */
export function failureFor(status: keyof typeof FAILURES): Response;
export function failureFor(model: string): Response | null;
export function failureFor(what: keyof typeof FAILURES | string) {
  if (typeof what === "number") {
    const [message, type, code] = FAILURES[what];
    return failure(what, message, type, code);
  }
  switch (what) {
    case "fail-401":
      return failureFor(401);
    case "fail-402":
      return failureFor(402);
    case "fail-429":
      return failureFor(429);
    case "fail-500":
      return failureFor(500);
    case "fail-context":
      return failure(
        400,
        "This model's maximum context length is 131072 tokens. However, " +
          "your messages resulted in 250000 tokens.",
        "invalid_request_error",
        "context_length_exceeded",
      );
    default:
      return null;
  }
}

function failure(
  status: number,
  message: string,
  type: string,
  code: string | null,
): Response {
  const headers: HeadersInit = status === 429 ? { "retry-after": "1" } : {};
  return Response.json(
    { error: { message, type, param: null, code } },
    { status, headers },
  );
}
