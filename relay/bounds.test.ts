import { afterEach, expect, test } from "bun:test";
import { Backend, type Grant } from "./backend";
import { LIMITS } from "./limits";
import { Previews } from "./previews";
import { createRelay } from "./server";
import { Pace, type Far, type Near } from "./sockets";
import { Watch } from "./watch";

/** What people without a ticket may take, and what one person may hold. */

const APP = "http://127.0.0.1:3000";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Functions that answer when they are told to. */
function startFunctions() {
  const asked: ((response: Response) => void)[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Promise<Response>((answer) => void asked.push(answer)),
  });
  cleanups.push(() => server.stop(true));
  return { url: server.url.origin, asked };
}

test("who shows no ticket finds a place or is turned away, and leaves it as it goes", async () => {
  const relay = createRelay(
    {
      ...{ hostname: "127.0.0.1", port: 0, publicUrl: null, appOrigins: [APP] },
      ...{ siteUrl: "http://127.0.0.1:9", secret: "s".repeat(32) },
    },
    { strangers: 1 },
  );
  cleanups.push(() => relay.close());
  const { host, port } = new URL(relay.url);
  const knock = () => {
    const headers = { origin: APP, host };
    // Bun's client takes headers, which the DOM's types do not know.
    return new WebSocket(`ws://127.0.0.1:${port}/terminal`, {
      headers,
    } as unknown as string[]);
  };
  const ends = (socket: WebSocket, how: "open" | "close") =>
    new Promise<number>((resolve) => {
      socket.addEventListener(how, (event) =>
        resolve("code" in event ? Number(event.code) : 0),
      );
    });
  const first = knock();
  await ends(first, "open");
  expect(await ends(knock(), "close")).not.toBe(1000); // there was no upgrade
  const left = ends(first, "close");
  first.close();
  await left;
  // Its place is free once the relay has seen it go.
  for (let opened = false; !opened;) {
    const next = knock();
    opened = await Promise.race([
      ends(next, "open").then(() => true),
      ends(next, "close").then(() => false),
    ]);
    cleanups.push(() => next.close());
  }
});

test("tickets are asked about so many at once", async () => {
  const { url, asked } = startFunctions();
  const backend = new Backend(url, "s", { ...LIMITS, redeeming: 1 });
  const ticket = "t".repeat(43);
  const first = backend.redeem(ticket, "terminal").catch((e: unknown) => e);
  await expect(backend.redeem(ticket, "terminal")).rejects.toMatchObject({
    status: 503,
    code: "backend_unavailable",
  });
  while (asked.length === 0) await Bun.sleep(1);
  asked[0]?.(new Response("no", { status: 500 }));
  await first;
  const next = backend.redeem(ticket, "terminal").catch((e: unknown) => e);
  while (asked.length === 1) await Bun.sleep(1);
  asked[1]?.(new Response("no", { status: 500 }));
  await next;
});

test("of one person's previews the one used longest ago gives way; another's stay", () => {
  const limits = { ...LIMITS, previewsPerUser: 2 };
  const watch = new Watch(
    new Backend("http://127.0.0.1:9", "s", limits),
    limits,
  );
  cleanups.push(() => watch.close());
  const previews = new Previews(watch, limits);
  const open = (userId: string, n: number) => {
    const label = `p-${String(n).repeat(32)}`;
    const origin = `http://${label}.localhost:3100`;
    const grant: Grant = {
      claim: { userId, slotId: "s", generation: 1, revision: 1 },
      purpose: { kind: "port", port: 3_000 },
      target: { url: "http://127.0.0.1:9", token: "t" },
      label,
    };
    const cookie = `slipway-preview=${previews.admit(label, grant)}`;
    const request = new Request(origin, { headers: { cookie } });
    return () => previews.find({ label, origin }, request);
  };
  const ada = [open("ada", 1), open("ada", 2)];
  const eve = open("eve", 3);
  const [first, second] = ada.map((find) => find());
  if (!first || !second) throw new Error("not open");
  first.usedAt = 2;
  second.usedAt = 1;
  const third = open("ada", 4);
  expect(ada.map((find) => find() !== null)).toEqual([true, false]);
  expect([third() !== null, eve() !== null]).toEqual([true, true]);
});

/** The two halves of a connection, of which neither takes anything. */
function stuck() {
  const unsent = { near: 0, far: 0 };
  const near = {
    send: (message: string) => void (unsent.near += message.length),
    getBufferedAmount: () => unsent.near,
    isPaused: false,
    pause: () => void (near.isPaused = true),
    resume: () => void (near.isPaused = false),
  };
  const far = {
    isPaused: false,
    send: (message: string) => void (unsent.far += message.length),
    get bufferedAmount() {
      return unsent.far;
    },
    pause: () => void (far.isPaused = true),
    resume: () => void (far.isPaused = false),
  };
  const limits = { ...LIMITS, buffered: 10, bufferedAtMost: 30 };
  const pace = new Pace(near as unknown as Near, far as unknown as Far, limits);
  cleanups.push(() => pace.end());
  return { pace, near, far };
}

test("a half that takes nothing makes the other wait, and beyond what may pile up it is given up", () => {
  const { pace, near, far } = stuck();
  expect(pace.toNear("x".repeat(10))).toBe(true);
  expect(far.isPaused).toBe(false);
  expect(pace.toNear("x".repeat(20))).toBe(true);
  expect(far.isPaused).toBe(true);
  expect(pace.toNear("x")).toBe(false);
  expect(pace.toFar("x".repeat(10))).toBe(true);
  expect(near.isPaused).toBe(false);
  expect(pace.toFar("x".repeat(20))).toBe(true);
  expect(near.isPaused).toBe(true);
  expect(pace.toFar("x")).toBe(false);
});
