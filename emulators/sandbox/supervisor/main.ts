/**
 * The only process the server starts inside a sandbox. It speaks HTTP on a
 * listening socket it was handed (no path inside leads to it), does every file
 * operation and command from within, joins ports and the way out, and starts
 * the snapshot's entrypoint. It runs as the sandbox's user: whatever runs beside
 * it can kill or impersonate it, so the server trusts nothing it answers.
 */
import { createServer } from "node:http";
import { environment } from "./environment";
import { entrypointState, startEntrypoint } from "./entrypoint";
import { ToolboxError, errorBody, readJson, sendJson } from "./http";
import { forwardToPort, serveEgress, upgradeToPort } from "./ports";
import { probe } from "./probe";
import { upgradeToolbox } from "./sockets";
import { handleToolbox } from "./toolbox";

const CONTROL_FD = 5;
const EGRESS_PORT = 3128;
const EGRESS_SOCKET = "/run/egress.sock";

const server = createServer((request, response) => {
  const url = new URL(`http://sandbox${request.url}`);
  const [, area, port] = url.pathname.split("/", 3);
  const fail = (error: unknown) => {
    if (response.headersSent) response.destroy();
    else {
      // What is left of an upload must flow off, or the sender never looks up.
      request.resume();
      const body = errorBody(error, url.pathname);
      sendJson(response, body.statusCode, body);
    }
  };
  if (area === "toolbox") {
    url.pathname = url.pathname.slice("/toolbox".length);
    handleToolbox(url, request, response).catch(fail);
  } else if (area === "port") {
    const path = (request.url ?? "/").slice(`/port/${port}`.length);
    forwardToPort(Number(port), path || "/", request, response);
  } else if (url.pathname === "/boot") {
    readJson(request)
      .then(boot)
      .then((state) => sendJson(response, 200, state))
      .catch(fail);
  } else if (url.pathname === "/probe") {
    sendJson(response, 200, probe());
  } else fail(new ToolboxError(404, "not found"));
});

/** The server's first word: what to start, with which environment. */
async function boot(body: Record<string, unknown>) {
  Object.assign(environment, body.env);
  await startEntrypoint((body.entrypoint ?? []) as string[]);
  return { entrypoint: entrypointState() };
}

server.on("upgrade", (request, socket, head) => {
  const [, area, port] = (request.url ?? "").split("/", 3);
  if (area === "toolbox") {
    const url = new URL(`http://sandbox${request.url}`);
    url.pathname = url.pathname.slice("/toolbox".length);
    return void upgradeToolbox(url, request, socket, head);
  }
  if (area !== "port") return socket.destroy();
  const path = (request.url ?? "").slice(`/port/${port}`.length);
  upgradeToPort(Number(port), path || "/", request, socket, head);
});

// The lifeline: when the server is gone, however it went, so is all in here.
process.stdin.resume();
for (const event of ["end", "error", "close"]) {
  process.stdin.once(event, () => process.exit(0));
}

// Long answers and idle streams are the caller's business.
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;

void serveEgress(EGRESS_PORT, EGRESS_SOCKET).then(() =>
  server.listen({ fd: CONTROL_FD }),
);
