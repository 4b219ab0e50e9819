/** A token may be used until this long before it expires. */
const MARGIN_MS = 20_000;
const RETRY_DELAYS_MS = [500, 1_000, 2_000];

export type TokenSource = (options: {
  forceRefreshToken: boolean;
}) => Promise<string | null>;

export type TokenSourceOptions = {
  user: string;
  /** Why no token could be had, or null once one could. */
  onTrouble: (reason: string | null) => void;
  fetch?: (input: string, init: RequestInit) => Promise<Response>;
  now?: () => number;
  wait?: (ms: number) => Promise<void>;
};

/**
 * Fetches tokens of the local issuer. Never rejects: the Convex client pauses its
 * socket while it waits and would stay paused for ever.
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const request = options.fetch ?? ((input, init) => fetch(input, init));
  const now = options.now ?? Date.now;
  const wait = options.wait ?? sleep;
  let held: { token: string; expiresAt: number } | null = null;
  let flight: Promise<string | null> | null = null;

  async function obtain(): Promise<string | null> {
    let reason = "";
    for (let attempt = 0; ; attempt++) {
      const answer = await ask(request, options.user);
      if (answer.ok) {
        held = { token: answer.token, expiresAt: expiryOf(answer.token) };
        options.onTrouble(null);
        return answer.token;
      }
      reason = answer.reason;
      const delay = RETRY_DELAYS_MS[attempt];
      if (answer.final || delay === undefined) break;
      await wait(delay);
    }
    // A refresh that failed does not sign anyone out while the old token holds.
    if (held && held.expiresAt > now()) return held.token;
    options.onTrouble(reason);
    return null;
  }

  return ({ forceRefreshToken }) => {
    if (!forceRefreshToken && held && held.expiresAt - MARGIN_MS > now()) {
      return Promise.resolve(held.token);
    }
    flight ??= obtain().finally(() => {
      flight = null;
    });
    return flight;
  };
}

type Answer =
  { ok: true; token: string } | { ok: false; final: boolean; reason: string };

async function ask(
  request: NonNullable<TokenSourceOptions["fetch"]>,
  user: string,
): Promise<Answer> {
  try {
    const response = await request("/api/local/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user }),
      signal: AbortSignal.timeout(10_000),
    });
    const body: unknown = await response.json();
    if (response.ok && hasString(body, "token")) {
      return { ok: true, token: body.token };
    }
    return {
      ok: false,
      final: response.status >= 400 && response.status < 500,
      reason: hasString(body, "detail")
        ? body.detail
        : `The local sign-in answered ${response.status}.`,
    };
  } catch (error) {
    // Not reached, timed out, or not JSON: all worth another try.
    const said = error instanceof Error ? ` (${error.message})` : "";
    return {
      ok: false,
      final: false,
      reason: `The local sign-in did not answer${said}.`,
    };
  }
}

function hasString<K extends string>(
  value: unknown,
  key: K,
): value is Record<K, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    key in value &&
    typeof (value as Record<K, unknown>)[key] === "string"
  );
}

/** Milliseconds since the epoch; 0 for what cannot be read, so it is never reused. */
function expiryOf(token: string): number {
  const payload = token.split(".")[1];
  if (!payload) return 0;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const claims: unknown = JSON.parse(atob(base64));
    if (typeof claims !== "object" || claims === null) return 0;
    return "exp" in claims && typeof claims.exp === "number"
      ? claims.exp * 1000
      : 0;
  } catch {
    return 0; // not a JWT; the backend will say so
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
