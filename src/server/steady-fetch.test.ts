import { expect, test } from "bun:test";
import type { ApiError } from "./problem";
import { steadyFetch } from "./steady-fetch";

/** Commands that must not be done twice: asked again only where nothing was done. */

const said = (status: number, code?: string) =>
  new Response(code ? JSON.stringify({ code }) : "<h1>Sorry</h1>", { status });
const cut = (code: string) =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error(code), { code }),
  });

/** Whether it was asked again after that, and what came of it. */
async function after(first: Response | Error, repeatable: boolean) {
  let asked = 0;
  const fetchOnce = async () => {
    asked += 1;
    if (asked > 1) return new Response("done");
    if (first instanceof Error) throw first;
    return first;
  };
  const options = { repeatable, fetchOnce, waits: [0, 0] };
  const outcome = await steadyFetch("http://b/api/mutation", {}, options).then(
    (response) => response.text(),
    (error: ApiError) => error.failure,
  );
  return { asked, outcome };
}

test.each([
  ["a proxy's 502", () => said(502)],
  ["a proxy's 503", () => said(503)],
  ["a proxy's 504", () => said(504)],
  ["a backend that goes down", () => said(503, "InternalServerError")],
  ["a connection that was reset", () => cut("ECONNRESET")],
  ["one that the other side closed", () => cut("UND_ERR_SOCKET")],
  ["silence", () => new DOMException("late", "TimeoutError")],
  ["a failure without a cause", () => new TypeError("fetch failed")],
])("after %s it may have been done", async (_, first) => {
  expect(await after(first(), false)).toMatchObject({
    asked: 1,
    outcome: {
      code: "provider_busy",
      message: expect.stringContaining("did not say whether this was done"),
    },
  });
  // What may be done twice is asked again.
  expect(await after(first(), true)).toEqual({ asked: 2, outcome: "done" });
});

test.each([
  ["no connection", () => cut("ECONNREFUSED")],
  ["no address", () => cut("ENOTFOUND")],
  ["too many requests", () => said(429)],
  [
    "a transaction that lost",
    () => said(503, "OptimisticConcurrencyControlFailure"),
  ],
  ["a full queue", () => said(503, "ExpiredInQueue")],
  ["a backend that is starting", () => said(503, "Starting")],
])("after %s nothing was done: it is asked again", async (_, first) => {
  expect(await after(first(), false)).toEqual({ asked: 2, outcome: "done" });
});
