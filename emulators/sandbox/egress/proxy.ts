import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { messageOf } from "../errors";
import { splice } from "../supervisor/splice";
import { originHead, parseHead } from "./head";
import type { RequestHead } from "./head";
import type { EgressPolicy, Upstream, Wanted } from "./policy";

/** A sandbox that opens connections and says nothing holds them this long. */
const HEAD_TIMEOUT_MS = 15_000;

/** More than an agent and its tools ever have; they are the server's descriptors. */
export const MAX_OPEN = 256;

/** Whoever is refused and does not go is closed on. */
const PARTING_MS = 1_000;

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
    if (open.size >= MAX_OPEN) return void client.destroy();
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
    const request = wanted(parsed.head);
    if (typeof request === "string") return refuse(client, 400, request);
    policy.decide(request.wanted).then(
      (decision) => {
        if (!decision.allowed) return refuse(client, 403, decision.why);
        const greet =
          request.wanted.kind === "tunnel"
            ? { toClient: "HTTP/1.1 200 Connection established\r\n\r\n" }
            : { toUpstream: originHead(parsed.head, request.url, sandbox) };
        join(client, decision.upstream, request.wanted.name, greet, body);
      },
      (error) => refuse(client, 502, messageOf(error)),
    );
  };
  client.on("data", onData);
}

/** What a head asks for, or what is wrong with it. */
function wanted(head: RequestHead): { wanted: Wanted; url: URL } | string {
  if (head.method === "CONNECT") {
    const url = URL.parse(`https://${head.target}`);
    if (!url || !/:\d+$/.test(head.target)) return "CONNECT needs name:port.";
    const port = Number(url.port) || 443;
    return { url, wanted: { kind: "tunnel", name: url.hostname, port } };
  }
  const url = URL.parse(head.target);
  if (url?.protocol !== "http:") {
    return "This is a proxy: ask for http://name/path.";
  }
  const port = Number(url.port) || 80;
  return { url, wanted: { kind: "http", name: url.hostname, port } };
}

function join(
  client: Socket,
  { host, port, tls }: Upstream,
  name: string,
  greet: { toClient?: string; toUpstream?: string },
  body: Buffer,
): void {
  const options = { host, port, allowHalfOpen: true };
  const upstream: Socket =
    tls === null
      ? connect(options)
      : tlsConnect({ ...options, servername: tls });
  let joined = false;
  upstream.once(tls === null ? "connect" : "secureConnect", () => {
    joined = true;
    if (greet.toClient) client.write(greet.toClient);
    if (greet.toUpstream) upstream.write(greet.toUpstream);
    if (body.length > 0) upstream.write(body);
    splice(client, upstream);
  });
  upstream.on("error", (error) => {
    if (joined) client.destroy();
    else refuse(client, 502, `${name} cannot be reached: ${error.message}`);
  });
  client.once("close", () => {
    if (!joined) upstream.destroy();
  });
}

function refuse(client: Socket, status: number, message: string): void {
  const reasons: Record<number, string> = {
    400: "Bad Request",
    403: "Forbidden",
    502: "Bad Gateway",
  };
  const body = `${message}\n`;
  const timer = setTimeout(() => client.destroy(), PARTING_MS);
  client.once("close", () => clearTimeout(timer));
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
