/** What of a request and of an answer goes on through a preview. */

/** Of one hop only (RFC 9110, 7.6.1), or made anew on the next. */
const HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Said by whoever is in front of us, or meant for us; a sandbox's page has no use for it. */
const OURS = ["host", "forwarded", "via", "cdn-loop", "x-real-ip", "expect"];
const OUR_KINDS = /^(x-daytona-|x-slipway-|x-forwarded-|cf-|sec-websocket-)/;

export const COOKIE = "slipway-preview";
/** Of any name of ours or the provider's, whose proxy lets in who has its own; also those browsers guard. */
const OUR_COOKIE = /^(__Host-|__Secure-)?(slipway-|daytona-)/i;

/**
 * What a page may say about itself and no further: the first empties the cookie
 * jars of its neighbours too, the others send a browser elsewhere the next time.
 */
const TOO_FAR = ["clear-site-data", "alt-svc", "strict-transport-security"];

/** A copy without hop headers, ours, and those that `connection` names. */
function passedOn(given: Headers): Headers {
  const headers = new Headers(given);
  const named = (given.get("connection") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  for (const name of [...given.keys()]) {
    const lower = name.toLowerCase();
    const dropped =
      HOP.includes(lower) ||
      OURS.includes(lower) ||
      named.includes(lower) ||
      OUR_KINDS.test(lower);
    if (dropped) headers.delete(name);
  }
  return headers;
}

/** A browser's request, as the sandbox's server gets it. */
export function inward(
  given: Headers,
  { token, host, origin }: { token: string; host: string; origin: string },
): Headers {
  const headers = passedOn(given);
  const cookies = (given.get("cookie") ?? "")
    .split(";")
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie && !OUR_COOKIE.test(cookie));
  headers.delete("cookie");
  if (cookies.length > 0) headers.set("cookie", cookies.join("; "));
  headers.set("x-forwarded-host", host);
  headers.set(
    "x-forwarded-proto",
    origin.startsWith("https:") ? "https" : "http",
  );
  headers.set("x-daytona-preview-token", token);
  headers.set("x-daytona-skip-preview-warning", "true");
  // The provider's proxy would allow every origin in our name.
  headers.set("x-daytona-disable-cors", "true");
  return headers;
}

/** The answer of a sandbox's server, as the browser gets it. */
export function outward(given: Headers): Headers {
  const headers = passedOn(given);
  for (const name of ["set-cookie", ...TOO_FAR]) headers.delete(name);
  for (const cookie of given.getSetCookie()) {
    const own = ownCookie(cookie);
    if (own) headers.append("set-cookie", own);
  }
  // Beside what the page itself demands: both hold. Other previews are neighbours
  // below one name, and keep to themselves.
  headers.append("content-security-policy", "frame-ancestors 'self'");
  headers.set("origin-agent-cluster", "?1");
  return headers;
}

/** A cookie for this host alone, or null for one that takes a name of ours. */
function ownCookie(cookie: string): string | null {
  const [pair = "", ...attributes] = cookie.split(";");
  if (OUR_COOKIE.test(pair.trim())) return null;
  const kept = attributes.filter((one) => !/^\s*domain\s*=/i.test(one));
  return [pair, ...kept].join(";");
}
