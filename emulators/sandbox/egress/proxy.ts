import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { splice } from "../supervisor/splice";
import { originHead, parseHead } from "./head";
import type { RequestHead } from "./head";
import type { EgressPolicy, Upstream } from "./policy";

/** A sandbox that opens connections and says nothing holds them this long. */
const HEAD_TIMEOUT_MS = 15_000;

/**
 * The only way out of one sandbox: an HTTP proxy on a Unix socket that only it
 * can see, so the socket says who is asking. One request per connection; after
 * its head bytes flow unread, so event streams pass as they come.
 */
export async function startEgressProxy(
  socketPath: string,
  policy: EgressPolicy,
  sandbox: string,
): Promise<{ close(): void }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    serve(client, policy, sandbox);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return {
    close() {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}

function serve(client: Socket, policy: EgressPolicy, sandbox: string): void {
  let received: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => client.destroy(), HEAD_TIMEOUT_MS);
  client.once("close", () => clearTimeout(timer));
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const parsed = parseHead(received);
    if (parsed === null) return;
    clearTimeout(timer);
    client.off("data", onData);
    client.pause();
    if (parsed === "malformed") {
      return refuse(client, 400, "The request to the proxy is malformed.");
    }
    const body = received.subarray(parsed.bodyAt);
    if (parsed.head.method === "CONNECT") {
      tunnel(client, parsed.head, body, policy);
    } else forward(client, parsed.head, body, policy, sandbox);
  };
  client.on("data", onData);
}

function forward(
  client: Socket,
  head: RequestHead,
  body: Buffer,
  policy: EgressPolicy,
  sandbox: string,
): void {
  const url = URL.parse(head.target);
  if (url?.protocol !== "http:") {
    return refuse(client, 400, "This is a proxy: ask for http://name/path.");
  }
  const upstream = policy.upstream(url.hostname);
  if (!upstream || url.port !== "") {
    return refuse(client, 403, refusal(url.host, policy));
  }
  join(client, upstream, url.host, (socket) => {
    socket.write(originHead(head, url, sandbox));
    if (body.length > 0) socket.write(body);
  });
}

function tunnel(
  client: Socket,
  head: RequestHead,
  body: Buffer,
  policy: EgressPolicy,
): void {
  const [, name = "", port = ""] = /^([^:]+):(\d+)$/.exec(head.target) ?? [];
  const upstream = policy.upstream(name);
  // A blind tunnel to a plain upstream would let the sandbox choose the Host
  // header, and pose as a local client of ours.
  if (!upstream?.tls || Number(port) !== upstream.port) {
    return refuse(client, 403, refusal(head.target, policy));
  }
  join(client, { ...upstream, tls: false }, name, (socket) => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (body.length > 0) socket.write(body);
  });
}

function join(
  client: Socket,
  { host, port, tls }: Upstream,
  name: string,
  ready: (upstream: Socket) => void,
): void {
  const options = { host, port, allowHalfOpen: true };
  const upstream: Socket = tls
    ? tlsConnect({ ...options, servername: host })
    : connect(options);
  let joined = false;
  upstream.once(tls ? "secureConnect" : "connect", () => {
    joined = true;
    ready(upstream);
    splice(client, upstream);
  });
  upstream.on("error", (error) => {
    if (joined) client.destroy();
    else refuse(client, 502, `${name} cannot be reached: ${error.message}`);
  });
  client.once("close", () => upstream.destroy());
}

function refusal(target: string, policy: EgressPolicy): string {
  const names = policy.names().join(", ") || "none";
  return `Sandboxes may not reach ${target}. Names allowed here: ${names}.`;
}

function refuse(client: Socket, status: number, message: string): void {
  const reasons: Record<number, string> = {
    400: "Bad Request",
    403: "Forbidden",
    502: "Bad Gateway",
  };
  const body = `${message}\n`;
  client.end(
    [
      `HTTP/1.1 ${status} ${reasons[status]}`,
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
