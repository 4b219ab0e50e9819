import { expect, test } from "bun:test";
import { inward, outward } from "./headers";

const to = {
  token: "the-sandbox's",
  host: "p-1.localhost:3100",
  origin: "http://p-1.localhost:3100",
};

test("hop headers end here, and those that Connection names with them", () => {
  const given = new Headers({
    connection: "keep-alive, X-Hop",
    "x-hop": "1",
    te: "trailers",
    upgrade: "h2c",
    "proxy-authorization": "Basic x",
    accept: "*/*",
  });
  for (const headers of [inward(given, to), outward(given)]) {
    for (const name of ["connection", "x-hop", "te", "upgrade"]) {
      expect(headers.get(name)).toBeNull();
    }
    expect(headers.get("proxy-authorization")).toBeNull();
    expect(headers.get("accept")).toBe("*/*");
  }
});

test("nobody speaks in the provider's name, or in ours", () => {
  const forged = new Headers({
    "x-daytona-preview-token": "forged",
    "x-daytona-other": "1",
    "x-slipway-direct": "1",
    "x-forwarded-host": "evil.example",
    forwarded: "host=evil.example",
  });
  expect(Object.fromEntries(inward(forged, to))).toEqual({
    "x-daytona-preview-token": "the-sandbox's",
    "x-daytona-skip-preview-warning": "true",
    "x-daytona-disable-cors": "true",
    "x-forwarded-host": "p-1.localhost:3100",
    "x-forwarded-proto": "http",
  });
  expect([...outward(forged).keys()].sort()).toEqual([
    "content-security-policy",
    "origin-agent-cluster",
  ]);
});

test("cookies of ours do not go in; names of ours are not given out", () => {
  const given = new Headers({
    cookie:
      "a=1; slipway-preview=k; __Host-slipway-preview=k; slipway-theme=dark; b=2",
  });
  expect(inward(given, to).get("cookie")).toBe("a=1; b=2");
  const only = new Headers({ cookie: "slipway-preview=k" });
  expect(inward(only, to).has("cookie")).toBe(false);

  const answer = new Headers();
  answer.append("set-cookie", "a=1; Path=/; domain = .localhost; HttpOnly");
  answer.append("set-cookie", "__Host-slipway-preview=x; Path=/");
  answer.append("set-cookie", " slipway-preview=x");
  answer.append("set-cookie", "daytona-sandbox-auth-1=x; Path=/; HttpOnly");
  expect(outward(answer).getSetCookie()).toEqual(["a=1; Path=/; HttpOnly"]);
});

test("a page says nothing that is meant for its neighbours", () => {
  const given = new Headers({
    "clear-site-data": '"cookies"',
    "alt-svc": 'h3="evil.example:443"',
    "strict-transport-security": "max-age=1; includeSubDomains",
    etag: '"1"',
  });
  expect([...outward(given).keys()].sort()).toEqual([
    "content-security-policy",
    "etag",
    "origin-agent-cluster",
  ]);
});

test("a page keeps its own policy beside ours", () => {
  const given = new Headers({
    "content-security-policy": "default-src 'self'",
  });
  expect(outward(given).get("content-security-policy")).toBe(
    "default-src 'self', frame-ancestors 'self'",
  );
});
