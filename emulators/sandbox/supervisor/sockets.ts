import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { followEntrypoint } from "./entrypoint";
import { ToolboxError, errorBody } from "./http";
import { EXIT_CONTROL, openPty, requirePty } from "./pty";
import { requireCommand, requireSession } from "./sessions";
import { followCommand } from "./session-logs";

const ENVS = "X-Daytona-Pty-Envs~";

/** What a stream does once its socket is open. */
type Stream = (socket: WebSocket) => void;

/** The toolbox's WebSocket routes. A refusal is still a plain HTTP answer. */
export async function upgradeToolbox(
  url: URL,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  let stream: Stream;
  try {
    stream = await streamOf(url, offeredBy(request));
  } catch (error) {
    const body = errorBody(error, url.pathname);
    const text = JSON.stringify(body);
    socket.end(
      `HTTP/1.1 ${body.statusCode} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    );
    return;
  }
  // Loaded at the first socket: at every start it would cost milliseconds.
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 1024 * 1024,
    // One of those offered must be chosen, or the client hangs up.
    handleProtocols: (offered) =>
      offered.has(EXIT_CONTROL) ? EXIT_CONTROL : ([...offered][0] ?? false),
  });
  server.handleUpgrade(request, socket, head, (opened) => {
    // Unheard, a message that is too long would end the sandbox.
    opened.on("error", () => opened.terminate());
    stream(opened);
  });
}

async function streamOf(url: URL, offered: string[]): Promise<Stream> {
  const [area, first = "", second = "", third = "", last] = url.pathname
    .split("/")
    .slice(2)
    .map(decodeURIComponent);
  const query = url.searchParams;
  if (area === "pty" && first === "create-connect") {
    const session = await openPty({
      id: query.get("id") ?? "",
      cols: Number(query.get("cols") ?? 80),
      rows: Number(query.get("rows") ?? 24),
      cwd: query.get("cwd") ?? undefined,
      envs: envsOf(offered),
    });
    return (socket) => session.attach(socket);
  }
  if (area === "pty" && second === "connect") {
    const session = requirePty(first);
    await session.start();
    return (socket) => session.attach(socket);
  }
  if (area === "session" && first === "entrypoint" && second === "logs") {
    return followEntrypoint;
  }
  if (area === "session" && second === "command" && last === "logs") {
    const command = requireCommand(requireSession(first), third);
    return (socket) => followCommand(command, socket);
  }
  throw new ToolboxError(404, `The toolbox here has no socket ${url.pathname}`);
}

function offeredBy(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header.split(",").map((name) => name.trim());
}

function envsOf(offered: string[]): Record<string, string> {
  const token = offered.find((name) => name.startsWith(ENVS));
  if (!token) return {};
  try {
    const text = Buffer.from(token.slice(ENVS.length), "base64url").toString();
    return JSON.parse(text) as Record<string, string>;
  } catch {
    throw new ToolboxError(400, "the terminal's environment is not JSON");
  }
}
