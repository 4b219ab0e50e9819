/**
 * What Next cannot take, refused before it gets there: it would answer with a
 * bare 500, with nothing at all, or, for a page, as if it had been asked to GET.
 */

/** Those that Next knows. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const REFUSED = {
  method: {
    ...{ code: "method_not_allowed", title: "Method not allowed", status: 405 },
    detail: `Nothing here has this method; there are ${METHODS.join(", ")}.`,
    next: "Use one of the methods that the header Allow names.",
  },
  path: {
    ...{ code: "bad_request", title: "Bad request", status: 400 },
    detail:
      "The address has a % that no two hexadecimal digits of UTF-8 follow.",
    next: "Correct the request and send it again.",
  },
};

/** Refuses a request and says so, or leaves it to Next. */
export function refuse({ method, url }, response) {
  const [path] = url.split("?");
  const known = METHODS.includes(method);
  if (known && isEncoded(path)) return false;
  const { code, title, status, detail, next } =
    REFUSED[known ? "path" : "method"];
  const isApi = /^\/api(\/|$)/.test(path);
  response.writeHead(status, {
    "content-type": isApi ? "application/problem+json" : "text/plain",
    "cache-control": "no-store",
    ...(status === 405 && { allow: METHODS.join(", ") }),
  });
  const type = `urn:slipway:problem:${code}`;
  const problem = { type, title, status, detail, code, next, retryable: false };
  response.end(isApi ? JSON.stringify(problem) : `${detail}\n`);
  return true;
}

function isEncoded(path) {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
