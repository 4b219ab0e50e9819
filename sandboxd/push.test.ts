import { afterEach, expect, test } from "bun:test";
import { TurnLog, type TurnEvent } from "./events";
import { pushTurn } from "./push";

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  delete process.env.http_proxy;
});

type Batch = { turnId: string; from: number; events: TurnEvent[] };

/** A receiver that keeps what is in order, and answers by `script` first. */
function receiver(script: ((batch: Batch) => Response | null)[] = []) {
  const events: TurnEvent[] = [];
  const batches: Batch[] = [];
  const requests: Request[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      requests.push(request.clone() as unknown as Request);
      const batch = (await request.json()) as Batch;
      batches.push(batch);
      const scripted = script.shift()?.(batch);
      if (scripted) return scripted;
      if (batch.from !== events.length) {
        return Response.json({ next: events.length }, { status: 409 });
      }
      events.push(...batch.events);
      return Response.json({ next: events.length });
    },
  });
  closers.push(() => server.stop(true));
  const target = { url: `http://127.0.0.1:${server.port}/push`, token: "tok" };
  return { events, batches, requests, target };
}

function logOf(...deltas: string[]): TurnLog {
  const log = new TurnLog();
  for (const delta of deltas) {
    log.add({ kind: "text", delta });
    log.read(0, Infinity); // as if each had been looked at: separate events
  }
  return log;
}

const push = (
  log: TurnLog,
  target: { url: string; token: string },
  signal = new AbortController().signal,
) => pushTurn("t1", log, target, signal);

test("sends what is there at once, then what comes, to the end", async () => {
  const to = receiver();
  const log = logOf("a", "b");
  const pushed = push(log, to.target);
  log.add({ kind: "end", reason: "complete" });
  expect(await pushed).toBe(true);
  expect(to.events.map(({ n }) => n)).toEqual([0, 1, 2]);
  expect(to.requests[0]?.headers.get("authorization")).toBe("Bearer tok");
  expect(to.batches[0]).toMatchObject({ turnId: "t1", from: 0 });
});

test("goes back to where the receiver is after a gap", async () => {
  // The first batch is acknowledged and lost, as by a rolled back write.
  const to = receiver([({ events }) => Response.json({ next: events.length })]);
  const log = logOf("a", "b");
  const pushed = push(log, to.target);
  await waitFor(() => to.batches.length === 1);
  log.add({ kind: "end", reason: "complete" });
  expect(await pushed).toBe(true);
  expect(to.events.map(({ n }) => n)).toEqual([0, 1, 2]);
});

test("keeps trying through errors", async () => {
  const to = receiver([() => new Response("no", { status: 503 })]);
  const log = logOf("a");
  log.add({ kind: "end", reason: "complete" });
  expect(await push(log, to.target)).toBe(true);
  expect(to.batches).toHaveLength(2);
});

test("an answer that claims more than was sent is not believed", async () => {
  const to = receiver([() => Response.json({ next: 99 })]);
  const log = logOf("a");
  log.add({ kind: "end", reason: "complete" });
  expect(await push(log, to.target)).toBe(true);
  expect(to.events).toHaveLength(2);
});

test("stops at 410 and when it is given up", async () => {
  const gone = receiver([() => new Response(null, { status: 410 })]);
  expect(await push(logOf("a"), gone.target)).toBe(false);

  const nobody = { url: "http://127.0.0.1:1/push", token: "t" };
  const giveUp = new AbortController();
  const pushed = push(logOf("a"), nobody, giveUp.signal);
  giveUp.abort();
  expect(await pushed).toBe(false);
});

test("http goes through the proxy of the environment", async () => {
  const proxy = receiver();
  process.env.http_proxy = new URL(proxy.target.url).origin;
  const log = logOf("a");
  log.add({ kind: "end", reason: "complete" });
  const url = "http://slipway.internal/push?x=1";
  expect(await push(log, { url, token: "t" })).toBe(true);
  expect(proxy.requests[0]?.headers.get("host")).toBe("slipway.internal");
});

async function waitFor(check: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error("not in time");
    await Bun.sleep(5);
  }
}
