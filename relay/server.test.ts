import { afterEach, expect, test } from "bun:test";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Claim } from "./backend";
import type { Limits } from "./limits";
import { createRelay } from "./server";

/** A whole relay, before functions and a sandbox that say what a test needs. */

const claim: Claim = { userId: "u", slotId: "s", generation: 1, revision: 1 };
const label = `p-${"0a".repeat(16)}`;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("not in time");
    await Bun.sleep(10);
  }
}

/** Whatever it is asked, its answer is without end, as far as it is read. */
async function startSandbox() {
  const stats = { open: 0, watched: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    stats.open += 1;
    sockets.add(socket);
    socket.on("error", () => {}); // it is cut off, which is what is tested
    socket.on("close", () => {
      stats.open -= 1;
      sockets.delete(socket);
    });
    const chunk = Buffer.alloc(65_536);
    const more = () => {
      if (socket.destroyed) return;
      if (socket.write(chunk)) setImmediate(more);
      else socket.once("drain", more);
    };
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 ** 40}\r\n\r\n`);
      more();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  /** Ends all its answers before their end. */
  const breakOff = () => sockets.forEach((socket) => socket.destroy());
  return { url: `http://127.0.0.1:${port}`, stats, breakOff };
}

type Setting = {
  /** What listens in the sandbox; else an answer without end. */
  app?: string;
  /** To each question whether something may stay open. */
  verdict?: string;
};

async function start(
  limits: Partial<Limits> = {},
  { app, verdict = "ok" }: Setting = {},
) {
  const sandbox = await startSandbox();
  const functions = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      if (new URL(request.url).pathname === "/relay/check") {
        const { open } = (await request.json()) as { open: unknown[] };
        sandbox.stats.watched = open.length;
        return Response.json({ verdicts: open.map(() => verdict) });
      }
      const { kind } = (await request.json()) as { kind: string };
      const purpose =
        kind === "file" ? { kind, path: "large" } : { kind, port: 3000 };
      const target = { url: app ?? sandbox.url, token: "t" };
      return Response.json({ claim, purpose, target, label });
    },
  });
  cleanups.push(() => functions.stop(true));
  const relay = createRelay(
    {
      ...{ hostname: "127.0.0.1", port: 0, publicUrl: null, appOrigins: [] },
      ...{ siteUrl: functions.url.origin, secret: "s".repeat(32) },
    },
    limits,
  );
  cleanups.push(() => relay.close());
  const port = Number(new URL(relay.url).port);
  const ask = (host: string, path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      redirect: "manual",
      ...init,
      headers: { ...init.headers, host: `${host}:${port}` },
    });
  return { sandbox, port, ask };
}

const ticket = "slipway-ticket=" + "t".repeat(43);

/** A preview that is open, and the cookie for it. */
async function openPreview(limits: Partial<Limits> = {}, setting?: Setting) {
  const relay = await start(limits, setting);
  const host = `${label}.localhost`;
  const entry = await relay.ask(host, `/?${ticket}`);
  const cookie = entry.headers.get("set-cookie")?.split(";")[0] ?? "";
  const ask = (path: string, init: RequestInit = {}) =>
    relay.ask(host, path, { ...init, headers: { cookie } });
  const download = () => relay.ask("localhost", `/files?${ticket}`);
  return { ...relay, download, host: `${host}:${relay.port}`, cookie, ask };
}

test("a HEAD to an endless answer gives its place back", async () => {
  const { ask, sandbox } = await openPreview({ requestsPerPreview: 3 });
  for (let n = 0; n < 4; n += 1) {
    const head = await ask("/", { method: "HEAD" });
    expect(head.status).toBe(200);
  }
  const gaveUp = new AbortController();
  const answer = await ask("/", { signal: gaveUp.signal });
  expect(answer.status).toBe(200);
  gaveUp.abort();
  await eventually(() => sandbox.stats.open === 0);
});

/** Whether this process holds the end at `port` of that connection, as the kernel says. */
function isHeld(port: number, from: number): boolean {
  const hex = (n: number) => n.toString(16).toUpperCase().padStart(4, "0");
  const row = new RegExp(`:${hex(port)} [0-9A-F]+:${hex(from)} 01 `);
  return row.test(readFileSync("/proc/net/tcp", "utf8"));
}

test("an answer nobody reads ends with its preview, and its connection too", async () => {
  const brief = { previewLife: 1_500 };
  const { port, host, cookie, sandbox } = await openPreview(brief);
  const browser = connect(port, "127.0.0.1");
  cleanups.push(() => browser.destroy());
  browser.on("error", () => {}); // it is cut off, which is what is tested
  browser.write(`GET / HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n\r\n`);
  await once(browser, "readable"); // and nothing is read
  const from = browser.localPort ?? 0;
  expect(isHeld(port, from)).toBe(true);
  await eventually(() => sandbox.stats.open === 0);
  await eventually(() => !isHeld(port, from)); // Bun looks every four seconds
}, 20_000);

test("a person has so many downloads; one that breaks off makes room", async () => {
  // The preview is there so that looks go on when no download is open.
  const relay = await openPreview({ filesPerUser: 2, recheck: 20 });
  const get = () => relay.download();
  const open = [await get(), await get()];
  expect(open.map(({ status }) => status)).toEqual([200, 200]);
  expect((await get()).status).toBe(503);
  await eventually(() => relay.sandbox.stats.watched === 3);
  relay.sandbox.breakOff();
  for (const answer of open) await readToEnd(answer);
  await eventually(() => relay.sandbox.stats.watched === 1);
  const again = await get();
  expect(again.status).toBe(200);
  expect((await get()).status).toBe(200);
  await again.body?.cancel();
});

test("a download has its time, however it is read", async () => {
  const limits = { filesPerUser: 1, fileLife: 1_500, recheck: 20 };
  const relay = await openPreview(limits);
  const answer = await relay.download();
  expect((await relay.download()).status).toBe(503);
  await eventually(() => relay.sandbox.stats.watched === 1);
  expect((await relay.download()).status).toBe(200);
  await readToEnd(answer);
});

/** It never comes whole: what is expected is that it breaks off. */
async function readToEnd(answer: Response): Promise<void> {
  const reader = answer.body!.getReader();
  const broken = (async () => {
    while (!(await reader.read()).done);
  })();
  await expect(broken).rejects.toThrow();
}

test("every path of a preview is the preview's, also /health", async () => {
  const app = Bun.serve({ port: 0, fetch: () => new Response("the app's") });
  cleanups.push(() => app.stop(true));
  const { ask, port } = await openPreview({}, { app: app.url.origin });
  expect(await (await ask("/health")).text()).toBe("the app's");
  for (const host of [`localhost:${port}`, "10.0.0.7"]) {
    const url = `http://127.0.0.1:${port}/health`;
    const own = await fetch(url, { headers: { host } });
    expect(await own.json()).toEqual({ ok: true });
  }
});

/** A server that takes every request and never answers. */
function startSilent(): string {
  const never = (): Promise<Response> => new Promise(() => {});
  const silent = Bun.serve({ port: 0, idleTimeout: 0, fetch: never });
  cleanups.push(() => silent.stop(true));
  return silent.url.origin;
}

test.each([
  ["where nobody listens", (): string => "http://127.0.0.1:9", {}, "ok", 502],
  ["where nobody answers", startSilent, { answer: 200 }, "ok", 502],
  [
    "that may not stay open",
    startSilent,
    { recheck: 20 },
    "sandbox_changed",
    409,
  ],
] as const)(
  "a file that never begins says what to do: %s",
  async (_, app, limits, verdict, status) => {
    const setting = { app: app(), verdict };
    const relay = await start({ ...limits, filesPerUser: 1 }, setting);
    for (let round = 0; round < 2; round += 1) {
      const answer = await relay.ask("localhost", `/files?${ticket}`);
      expect(answer.status).toBe(status);
      expect(await answer.text()).toContain("Ask for the file again");
    }
  },
);

test("a request that goes on arriving is not given up, however long it takes", async () => {
  const app = Bun.serve({
    port: 0,
    fetch: async (request): Promise<Response> =>
      new Response(`${(await request.text()).length}`),
  });
  cleanups.push(() => app.stop(true));
  const { ask } = await openPreview({ answer: 1_000 }, { app: app.url.origin });
  let pieces = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(to) {
      await Bun.sleep(200); // in all, longer than an answer may take to begin
      to.enqueue(new Uint8Array(1_000).fill(120));
      pieces += 1;
      if (pieces === 8) to.close();
    },
  });
  const answer = await ask("/", { method: "POST", body });
  expect([answer.status, await answer.text()]).toEqual([200, "8000"]);
});

test("a preview's WebSocket ends as its server ended it, or broke off", async () => {
  type Asked = { code: number };
  const heard: number[] = [];
  const app = Bun.serve<Asked>({
    port: 0,
    fetch(request, server) {
      const code = Number(new URL(request.url).pathname.slice(1));
      return server.upgrade(request, { data: { code } })
        ? undefined
        : new Response("no", { status: 400 });
    },
    websocket: {
      message(socket) {
        const { code } = socket.data;
        if (code === 1006) socket.terminate();
        else if (code > 0) socket.close(code, "why");
      },
      close: (socket, code) => void heard.push(code),
    },
  });
  cleanups.push(() => app.stop(true));
  const { host, cookie, port } = await openPreview({}, { app: app.url.origin });
  const open = (code: number) => {
    const headers = { cookie, host, origin: `http://${host}` };
    return new WebSocket(`ws://127.0.0.1:${port}/${code}`, {
      headers,
    } as never);
  };
  for (const code of [1000, 1001, 1011, 1012, 4000, 1006]) {
    const socket = open(code);
    socket.onopen = () => socket.send("end it");
    const { promise, resolve } = Promise.withResolvers<CloseEvent>();
    socket.onclose = resolve;
    expect((await promise).code).toBe(code);
  }
  const leaving = open(0);
  await new Promise((resolve) => (leaving.onopen = resolve));
  heard.length = 0;
  (leaving as WebSocket & { terminate(): void }).terminate();
  await eventually(() => heard.length > 0);
  expect(heard).toEqual([1006]);
});

test.each([
  ["a file", "localhost", "/files?slipway-ticket=x", "ticket_invalid"],
  ["a preview", `${label}.localhost`, "/", "preview_closed"],
])(
  "why %s is not given is a page in a browser, and a problem to programs",
  async (_, host, path, code) => {
    const { ask } = await start();
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    const page = await ask(host, path, { headers: { accept } });
    const problem = await ask(host, path, { headers: { accept: "*/*" } });
    expect([page.status, problem.status]).toEqual([403, 403]);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(problem.headers.get("content-type")).toBe(
      "application/problem+json",
    );
    const said = (await problem.json()) as { next: string };
    expect(said).toMatchObject({
      ...{ type: `urn:slipway:problem:${code}`, code, status: 403 },
      ...{ title: expect.any(String), detail: expect.any(String) },
    });
    expect(said.next).toEndWith("again from Slipway.");
    expect(await page.text()).toContain(`<p>${said.next}</p>`);
  },
);
