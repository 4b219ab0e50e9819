import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import { eventually, PATIENCE_MS } from "./sandbox-support";
import { startGround, type Ground, type Owner } from "./relay-harness";
import type { Relay } from "../../relay/server";

setDefaultTimeout(PATIENCE_MS);

// What a person serves in their sandbox; plain Node, as snapshots have it.
const APP = `
const http = require('node:http');
const crypto = require('node:crypto');
let closed = 0;
const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/cookies') {
    response.setHeader('set-cookie', [
      'mine=1; Domain=localhost; Path=/', 'slipway-preview=stolen; Path=/', 'two=2; HttpOnly']);
    response.setHeader('x-daytona-thing', 'yes');
    return response.end('cookies');
  }
  if (path === '/none') { response.writeHead(204); return response.end(); }
  if (path === '/same') { response.writeHead(304, {etag: '"1"'}); return response.end(); }
  if (path === '/zipped') {
    const body = require('node:zlib').gzipSync('zipped');
    response.writeHead(200, {'content-encoding': 'gzip', 'content-length': body.length});
    return response.end(body);
  }
  if (path === '/redirect') { response.writeHead(302, {location: 'http://localhost:3000/there?x=1'}); return response.end(); }
  if (path === '/echo') return request.pipe(response);
  if (path === '/endless') {
    response.writeHead(200, {'content-type': 'application/octet-stream'});
    let sent = 0; const chunk = Buffer.alloc(65536);
    const more = () => { while (!response.destroyed) { sent += chunk.length; server.sent = sent; if (!response.write(chunk)) return response.once('drain', more); } };
    return more();
  }
  if (path === '/sent') return response.end(String(server.sent || 0));
  if (path === '/hang') { response.writeHead(200); response.write('x'); request.socket.once('close', () => closed++); return; }
  if (path === '/closed') return response.end(String(closed));
  response.setHeader('content-type', 'text/html');
  response.end(JSON.stringify({url: request.url, headers: request.headers}));
});
server.on('upgrade', (request, socket) => {
  const key = crypto.createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
    .digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: upgrade\\r\\n' +
    'sec-websocket-protocol: chat\\r\\nsec-websocket-accept: ' + key + '\\r\\n\\r\\n');
  socket.on('error', () => {});
  // One short masked text frame in, the same text out.
  socket.on('data', (frame) => {
    const length = frame[1] & 127;
    if ((frame[0] & 15) !== 1) return socket.end();
    const text = Buffer.from(frame.subarray(6, 6 + length).map((b, i) => b ^ frame[2 + (i % 4)]));
    socket.write(Buffer.concat([Buffer.from([129, length]), text]));
  });
});
server.listen(3000, '127.0.0.1');
`;

let ground: Ground;
let ada: Owner;
beforeAll(async () => {
  ground = await startGround({ recheck: 200, requestsPerPreview: 8 });
  ada = await ground.person("ada");
  await serve(ada);
});
afterAll(() => ground?.close());

async function serve({ sandbox }: Owner): Promise<void> {
  await sandbox.fs.uploadFile(Buffer.from(APP), "app.js");
  await sandbox.process.executeCommand("node app.js > app.log 2>&1 &");
  const { url, token } = await sandbox.getPreviewLink(3000);
  await eventually(async () => {
    const headers = { "x-daytona-preview-token": token };
    return (await fetch(url, { headers })).status === 200;
  }, "the app listens");
}

type Init = Omit<RequestInit, "headers"> & {
  headers?: Record<string, string>;
};

/** A browser that went to a preview: it holds the cookie, and the name resolves to loopback. */
type Browser = {
  host: string;
  cookie: string;
  ask(path: string, init?: Init): Promise<Response>;
};

function visit(relay: Relay, label: string, path: string, init: Init = {}) {
  const { port } = new URL(relay.url);
  return fetch(`http://127.0.0.1:${port}${path}`, {
    redirect: "manual",
    ...init,
    headers: { host: `${label}.localhost:${port}`, ...init.headers },
  });
}

async function openPort(
  relay = ground.relay,
  owner = ada,
  port = 3000,
): Promise<Browser> {
  const { ticket, label } = await owner.issue({ kind: "port", port });
  const entry = await visit(
    relay,
    label ?? "",
    `/start?a=1&slipway-ticket=${ticket}&b=2`,
  );
  expect(entry.status).toBe(303);
  const host = `${label}.localhost:${new URL(relay.url).port}`;
  expect(entry.headers.get("location")).toBe(`http://${host}/start?a=1&b=2`);
  const set = entry.headers.get("set-cookie") ?? "";
  expect(set).toMatch(
    /^slipway-preview=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  const cookie = set.split(";")[0] ?? "";
  return {
    host,
    cookie,
    ask: (path, init = {}) =>
      visit(relay, label ?? "", path, {
        ...init,
        headers: { cookie: `mine=1; ${cookie}; two=2`, ...init.headers },
      }),
  };
}

type Seen = { url: string; headers: Record<string, string> };

test("a page comes through; the ticket, our cookie and the provider's token do not", async () => {
  const browser = await openPort();
  const answer = await browser.ask("/a/b?x=1", {
    headers: {
      authorization: "Bearer the-page's-own",
      "x-daytona-preview-token": "forged",
      "x-forwarded-for": "1.2.3.4",
      connection: "x-hop",
      "x-hop": "1",
    },
  });
  const seen = (await answer.json()) as Seen;
  expect(seen.url).toBe("/a/b?x=1");
  expect(seen.headers["authorization"]).toBe("Bearer the-page's-own");
  expect(seen.headers["cookie"]).toBe("mine=1; two=2");
  expect(seen.headers["x-forwarded-host"]).toBe(browser.host);
  for (const name of Object.keys(seen.headers)) {
    expect(name).not.toMatch(/^x-daytona-preview|^x-hop$|^x-forwarded-for$/);
  }
  expect(answer.headers.get("content-security-policy")).toContain(
    "frame-ancestors 'self'",
  );
});

test("a page's cookies stay on its host, and are not ours; redirects stay there too", async () => {
  const browser = await openPort();
  const answer = await browser.ask("/cookies");
  expect(answer.headers.getSetCookie()).toEqual([
    "mine=1; Path=/",
    "two=2; HttpOnly",
  ]);
  expect(answer.headers.get("x-daytona-thing")).toBeNull();
  const moved = await browser.ask("/redirect");
  expect(moved.status).toBe(302);
  expect(moved.headers.get("location")).toBe("/there?x=1");
});

test("bodies pass both ways as they are", async () => {
  const browser = await openPort();
  const bytes = crypto.getRandomValues(new Uint8Array(3_000_000));
  const answer = await browser.ask("/echo", { method: "POST", body: bytes });
  const back = Buffer.from(await answer.arrayBuffer());
  expect(Buffer.compare(back, bytes)).toBe(0);
});

test("answers without a body, and packed ones, stay what they are", async () => {
  const browser = await openPort();
  expect((await browser.ask("/none")).status).toBe(204);
  const same = await browser.ask("/same");
  expect(same.status).toBe(304);
  expect(same.headers.get("etag")).toBe('"1"');
  const head = await browser.ask("/zipped", { method: "HEAD" });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  const zipped = await browser.ask("/zipped");
  expect(zipped.headers.get("content-encoding")).toBe("gzip");
  expect(await zipped.text()).toBe("zipped");
});

test("WebSockets of its own pages pass, of others' do not", async () => {
  const browser = await openPort();
  const { port } = new URL(ground.relay.url);
  const connect = (headers: Record<string, string>) =>
    new WebSocket(`ws://127.0.0.1:${port}/socket`, {
      protocols: ["chat"],
      headers: { host: browser.host, cookie: browser.cookie, ...headers },
    } as never);
  const socket = connect({ origin: `http://${browser.host}` });
  const heard = await new Promise((resolve, reject) => {
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => reject(new Error("no WebSocket"));
  });
  expect(heard).toBe("hello");
  expect(socket.protocol).toBe("chat");
  socket.close();
  for (const origin of ["http://evil.example", "http://127.0.0.1:3000"]) {
    const foreign = connect({ origin });
    const refused = await new Promise((resolve) => {
      foreign.onopen = () => resolve(false);
      foreign.onerror = () => resolve(true);
    });
    expect(refused).toBe(true);
  }
});

test("without the cookie, with another's, or under another name: nothing", async () => {
  const browser = await openPort();
  const label = browser.host.split(".")[0] ?? "";
  const bare = await visit(ground.relay, label, "/");
  expect(bare.status).toBe(403);
  expect(await bare.text()).toContain("This preview is closed");
  const guessed = await browser.ask("/", {
    headers: { cookie: `slipway-preview=${"a".repeat(43)}` },
  });
  expect(guessed.status).toBe(403);

  const other = await openPort(ground.relay, ada, 3001);
  expect(other.host).not.toBe(browser.host);
  const crossed = await browser.ask("/", { headers: { cookie: other.cookie } });
  expect(crossed.status).toBe(403);

  for (const host of ["evil.example", "localhost", "p-1.localhost", ""]) {
    const answer = await browser.ask("/", {
      headers: { host, cookie: browser.cookie },
    });
    expect(answer.status).toBe(421);
  }
});

test("another site's page may link to it, and do nothing in the background", async () => {
  const browser = await openPort();
  const as = async (method: string, headers: Record<string, string>) =>
    (await browser.ask("/", { method, headers })).status;
  const visiting = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };
  expect(await as("GET", visiting)).toBe(200);
  expect(await as("POST", visiting)).toBe(403);
  expect(await as("GET", { ...visiting, "sec-fetch-dest": "iframe" })).toBe(
    403,
  );
  const quiet = { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" };
  expect(await as("GET", quiet)).toBe(403);
  expect(await as("POST", { origin: "http://evil.example" })).toBe(403);
  expect(await as("POST", { origin: `http://${browser.host}` })).toBe(200);
});

test("a ticket opens one preview once, and only what it was made for", async () => {
  const { ticket, label } = await ada.issue({ kind: "port", port: 3000 });
  const path = `/?slipway-ticket=${ticket}`;
  const elsewhere = await visit(ground.relay, `p-${"0".repeat(32)}`, path);
  expect(elsewhere.status).toBe(403);
  const again = await visit(ground.relay, label ?? "", path);
  expect(again.status).toBe(403);
  expect(again.headers.get("set-cookie")).toBeNull();
  const terminal = await ada.ticket({ kind: "terminal" });
  const wrong = await visit(
    ground.relay,
    label ?? "",
    `/?slipway-ticket=${terminal}`,
  );
  expect(wrong.status).toBe(403);
});

test("ports that are not the person's own are refused when asked for", async () => {
  for (const port of [4500, 2280, 22_222, 32_768, 40_000, 65_535]) {
    const asked = ada.issue({ kind: "port", port });
    await expect(asked).rejects.toMatchObject({
      data: { code: "port_reserved" },
    });
  }
  for (const port of [0, -1, 65_536, 30.5]) {
    const asked = ada.issue({ kind: "port", port });
    await expect(asked).rejects.toMatchObject({
      data: { code: "bad_request" },
    });
  }
});

test("nothing listens there: a page that says so", async () => {
  const browser = await openPort(ground.relay, ada, 3999);
  const answer = await browser.ask("/");
  expect(answer.status).toBe(502);
});

test("who reads slowly makes the server wait", async () => {
  const browser = await openPort();
  const before = process.memoryUsage().rss;
  const gaveUp = new AbortController();
  const answer = await browser.ask("/endless", { signal: gaveUp.signal });
  const reader = answer.body?.getReader();
  await reader?.read();
  let last = -1;
  await eventually(async () => {
    const had = last;
    last = Number(await (await browser.ask("/sent")).text());
    return last > 0 && last === had;
  }, "it stands still");
  expect(last).toBeLessThan(100_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(120_000_000);
  gaveUp.abort();
});

test("so many requests at once, and what leaves makes room", async () => {
  const browser = await openPort();
  const hanging = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const answer = await browser.ask("/hang", { signal });
      expect(answer.status).toBe(200);
      return controller;
    }),
  );
  expect((await browser.ask("/")).status).toBe(503);
  for (const controller of hanging) controller.abort();
  await eventually(
    async () => (await browser.ask("/")).status === 200,
    "there is room",
  );
});

test("a stop ends a preview: what streams, and what comes later", async () => {
  const eve = await ground.person("eve");
  await serve(eve);
  const browser = await openPort(ground.relay, eve);
  const stream = await browser.ask("/hang");
  const reader = stream.body?.getReader();
  await reader?.read();
  await eve.client.mutation(api.sandboxes.stop, { slotId: eve.slotId });
  // Ended or broken, but over.
  await reader?.read().then(
    ({ done }) => expect(done).toBe(true),
    (error: unknown) => expect(error).toBeInstanceOf(Error),
  );
  await eventually(
    async () => (await browser.ask("/")).status === 403,
    "it is closed",
  );
});

test("a preview has its time, however busy it is", async () => {
  const brief = ground.another({ previewLife: 1_500 });
  const browser = await openPort(brief);
  expect((await browser.ask("/")).status).toBe(200);
  await eventually(
    async () => (await browser.ask("/")).status === 403,
    "it is closed",
  );
});
