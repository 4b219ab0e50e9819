/**
 * Serves the pages and the HTTP API: Next behind a plain Node server, so that
 * what came over the wire can be judged before Next adds headers of its own.
 *
 *   PORT=3000 CONVEX_URL=... node scripts/web.mjs [--dev]
 *
 * Prints one line of JSON when it serves. In embedded mode it binds loopback.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import next from "next";
import { refuse } from "./refusals.mjs";

const dev = process.argv.includes("--dev");
const embedded = process.env.SLIPWAY_MODE === "embedded";
const port = Number(process.env.PORT ?? 3000);
const hostname = embedded ? "127.0.0.1" : process.env.SLIPWAY_HOST || "0.0.0.0";

/**
 * Marks a request as come straight from this machine's user: no proxy, exact
 * Host, no foreign page. Known to this process only, so no request can claim it.
 */
const DIRECT = "x-slipway-direct";
/** Where a request's socket leads to, with the mark before it. */
const ADDRESS = "x-slipway-address";
const mark = randomBytes(24).toString("base64url");
process.env.SLIPWAY_DIRECT_MARK = mark;

const app = next({
  dev,
  hostname,
  port,
  dir: fileURLToPath(new URL("..", import.meta.url)),
});
await app.prepare();
const handle = app.getRequestHandler();
const upgrade = app.getUpgradeHandler();

const server = createServer((request, response) => {
  if (refuse(request, response)) return;
  delete request.headers[DIRECT];
  if (embedded && isDirect(request)) request.headers[DIRECT] = mark;
  request.headers[ADDRESS] = `${mark} ${request.socket.remoteAddress}`;
  handle(request, response).catch((error) => {
    console.error(`${request.method} ${request.url}`, error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});
server.on("upgrade", (request, socket, head) => {
  upgrade(request, socket, head).catch((error) => {
    console.error(`upgrade ${request.url}`, error);
    socket.destroy();
  });
});

function isDirect({ headers, socket }) {
  const own = socket.localPort;
  const hosts = [`127.0.0.1:${own}`, `localhost:${own}`];
  const proxied = Object.keys(headers).some(
    (name) =>
      name.startsWith("x-forwarded") || name === "forwarded" || name === "via",
  );
  const { host, origin } = headers;
  const site = headers["sec-fetch-site"];
  return (
    ["127.0.0.1", "::1", "::ffff:127.0.0.1"].includes(socket.remoteAddress) &&
    hosts.includes(host) &&
    !proxied &&
    (origin === undefined || origin === `http://${host}`) &&
    (site === undefined || site === "same-origin" || site === "none")
  );
}

server.on("error", (error) => {
  console.error(
    error.code === "EADDRINUSE"
      ? `Port ${port} is in use. Choose another one: PORT=${port + 1}`
      : error.message,
  );
  process.exit(1);
});
server.listen(port, hostname, () => {
  const url = `http://${embedded ? "127.0.0.1" : hostname}:${server.address().port}`;
  console.log(JSON.stringify({ ready: true, url }));
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    // Open pages hold connections: they reconnect to whoever serves next.
    setTimeout(() => process.exit(0), 500);
  });
}
