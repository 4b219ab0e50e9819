import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import type { Sandbox } from "@daytonaio/sdk";
import { eventually } from "./sandbox-support";
import { PATIENCE_MS, TARGET } from "./sandbox-target";
import { startWire } from "./sandbox-wire";
import type { Wire } from "./sandbox-wire";

setDefaultTimeout(PATIENCE_MS);

// What a port of the sandbox answers with; plain Node, as snapshots have it.
const APP = `
const http = require('node:http');
const crypto = require('node:crypto');
const server = http.createServer((request, response) => {
  if (request.url === '/events') {
    response.writeHead(200, {'content-type': 'text/event-stream'});
    response.write('data: first\\n\\n');
    request.socket.once('close', () => require('fs').writeFileSync('closed', ''));
    return;
  }
  if (request.url === '/echo') {
    response.writeHead(201, {'x-seen': request.headers['x-mine'] || 'none'});
    return request.pipe(response);
  }
  response.end(JSON.stringify({url: request.url, headers: request.headers}));
});
server.on('upgrade', (request, socket) => {
  const key = crypto.createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
    .digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: upgrade\\r\\n' +
    'sec-websocket-protocol: chat\\r\\nsec-websocket-accept: ' + key + '\\r\\n\\r\\n');
  // One short masked text frame in, the same text out.
  socket.on('data', (frame) => {
    const length = frame[1] & 127;
    if ((frame[0] & 15) !== 1) return socket.end();
    const text = Buffer.from(frame.subarray(6, 6 + length).map((b, i) => b ^ frame[2 + (i % 4)]));
    socket.write(Buffer.concat([Buffer.from([129, length]), text]));
  });
});
server.listen(4500, '127.0.0.1');
`;

let wire: Wire;
let sandbox: Sandbox;
let url: string;
let token: string;
beforeAll(async () => {
  wire = await startWire();
  sandbox = await wire.daytona.create({ name: wire.name("app") });
  await sandbox.fs.uploadFile(Buffer.from(APP), "app.js");
  await sandbox.process.executeCommand("node app.js > app.log 2>&1 &");
  ({ url, token } = await sandbox.getPreviewLink(4500));
  await eventually(
    async () => (await ask("/")).status === 200,
    "the app listens",
  );
});
afterAll(() => wire.close());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(url + path, {
    redirect: "manual",
    ...init,
    headers: { "x-daytona-preview-token": token, ...init.headers },
  });

test("with the token: path, query and headers arrive, the token does not", async () => {
  const answer = await ask("/a%2Fb/../c?x=1&y=%20", {
    headers: { authorization: "Bearer for-the-app" },
  });
  const seen = (await answer.json()) as {
    url: string;
    headers: Record<string, string>;
  };
  expect(seen.url).toBe("/c?x=1&y=%20");
  expect(seen.headers.authorization).toBe("Bearer for-the-app");
  expect(seen.headers["x-daytona-preview-token"]).toBeUndefined();
  // There, the preview's own host arrives.
  if (!TARGET) expect(seen.headers.host).toBe("127.0.0.1:4500");
});

test("without it, or with another: a 307 to a login page, as on Daytona", async () => {
  for (const given of ["", "wrong", `${token}x`]) {
    const answer = await ask("/", {
      headers: { "x-daytona-preview-token": given },
    });
    expect(answer.status).toBe(307);
    expect(answer.headers.get("location")).toContain("/login");
  }
  const nobody = url.replace(sandbox.id, crypto.randomUUID());
  const unknown = await fetch(nobody, { redirect: "manual" });
  expect(unknown.status).toBe(307);
});

test("request bodies and answers pass unchanged", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(2_000_000));
  const answer = await ask("/echo", {
    method: "POST",
    body: bytes,
    headers: { "x-mine": "yes" },
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.get("x-seen")).toBe("yes");
  const back = Buffer.from(await answer.arrayBuffer());
  expect(Buffer.compare(back, bytes)).toBe(0);
});

test("an event stream arrives as it is sent, and its end goes inside", async () => {
  const gaveUp = new AbortController();
  const answer = await ask("/events", { signal: gaveUp.signal });
  const reader = answer.body!.getReader();
  const { value } = await reader.read();
  expect(Buffer.from(value!).toString()).toBe("data: first\n\n");
  gaveUp.abort();
  await eventually(
    async () =>
      (await sandbox.process.executeCommand("ls closed")).exitCode === 0,
    "the app sees the client leave",
  );
});

test("WebSockets pass, with their subprotocol", async () => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/chat`, {
    headers: { "x-daytona-preview-token": token },
    protocols: ["chat"],
  } as never);
  const heard = await new Promise<string>((resolve, reject) => {
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => resolve(String(data));
    socket.onerror = () => reject(new Error("no WebSocket"));
  });
  expect(heard).toBe("hello");
  expect(socket.protocol).toBe("chat");
  socket.close();
});

test("a port where nothing listens is a 502 that says so", async () => {
  const link = await sandbox.getPreviewLink(4599);
  const answer = await fetch(link.url, {
    headers: { "x-daytona-preview-token": link.token },
  });
  expect(answer.status).toBe(502);
  expect(await answer.text()).toContain("4599");
});

test("a stop ends a stream that is open, and the old token with it", async () => {
  const other = await wire.daytona.create({ name: wire.name("short") });
  await other.fs.uploadFile(Buffer.from(APP), "app.js");
  await other.process.executeCommand("node app.js > app.log 2>&1 &");
  const link = await other.getPreviewLink(4500);
  const headers = { "x-daytona-preview-token": link.token };
  const stream = await eventually(async () => {
    const answer = await fetch(`${link.url}/events`, { headers });
    return answer.status === 200 ? answer : null;
  }, "the stream");
  const reader = stream.body!.getReader();
  await reader.read();
  await other.stop();
  // Ended or broken, but over.
  await reader.read().then(
    ({ done }) => expect(done).toBe(true),
    (error: Error) => expect(error).toBeInstanceOf(Error),
  );
  const answer = await fetch(link.url, { headers, redirect: "manual" });
  expect(answer.status).toBe(307);
  await other.delete();
});
