import { request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { sendJson } from "./http";
import { splice } from "./splice";

/** A request for a port of the sandbox, streamed both ways. */
export function forwardToPort(
  port: number,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const upstream = httpRequest({
    host: "127.0.0.1",
    port,
    path,
    method: request.method,
    headers: { ...request.headers, host: `127.0.0.1:${port}` },
  });
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    // Headers at once: an event stream may stay silent for long.
    response.flushHeaders();
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  upstream.once("error", (error: NodeJS.ErrnoException) => {
    if (response.headersSent) response.destroy();
    else
      sendJson(response, 502, {
        statusCode: 502,
        error: "Bad Gateway",
        message:
          error.code === "ECONNREFUSED"
            ? `Nothing listens on port ${port} of the sandbox`
            : `Port ${port} of the sandbox: ${error.message}`,
        path,
        timestamp: new Date().toISOString(),
      });
  });
  response.once("close", () => upstream.destroy());
  request.pipe(upstream);
}

/** A WebSocket for a port: its handshake is passed on, then bytes. */
export function upgradeToPort(
  port: number,
  path: string,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  const upstream = connect(port, "127.0.0.1");
  upstream.once("connect", () => {
    const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
    const raw = request.rawHeaders;
    for (let i = 0; i < raw.length; i += 2) {
      if (raw[i]?.toLowerCase() !== "host")
        lines.push(`${raw[i]}: ${raw[i + 1]}`);
    }
    upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (head.length > 0) upstream.write(head);
    splice(client, upstream);
  });
  upstream.once("error", () => {
    client.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
  });
  client.once("error", () => upstream.destroy());
}

/** The one way out: a loopback port joined to the server's socket. */
export function serveEgress(port: number, socketPath: string): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    splice(client, connect({ path: socketPath, allowHalfOpen: true }));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}
