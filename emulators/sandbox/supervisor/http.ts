import type { IncomingMessage, ServerResponse } from "node:http";

/** What a handler throws; becomes the toolbox's error shape. */
export class ToolboxError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

const DEFAULT_CODES: Record<number, string> = {
  400: "BAD_REQUEST",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  408: "REQUEST_TIMEOUT",
  409: "CONFLICT",
  410: "GONE",
  500: "INTERNAL_SERVER_ERROR",
};

/** Node's errno, in the words of the wire. */
export function fromErrno(error: unknown, path: string): ToolboxError {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return new ToolboxError(404, `file not found: ${path}`, "FILE_NOT_FOUND");
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new ToolboxError(
        403,
        `access denied: ${path}`,
        "FILE_ACCESS_DENIED",
      );
    default:
      return new ToolboxError(400, `${path}: ${message}`);
  }
}

export function errorBody(error: unknown, path: string) {
  const known = error instanceof ToolboxError;
  const statusCode = known ? error.status : 500;
  return {
    statusCode,
    source: "DAYTONA_DAEMON",
    code: (known && error.code) || DEFAULT_CODES[statusCode] || "BAD_REQUEST",
    message: error instanceof Error ? error.message : String(error),
    path,
    timestamp: new Date().toISOString(),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

export function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 });
  response.end();
}

const MAX_JSON = 16 * 1024 * 1024;

export async function readJson(
  request: IncomingMessage,
): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JSON) throw new ToolboxError(400, "request body too large");
    chunks.push(chunk);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.concat(chunks).toString() || "{}");
  } catch {
    throw new ToolboxError(400, "invalid request body", "INVALID_REQUEST_BODY");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ToolboxError(400, "invalid request body", "INVALID_REQUEST_BODY");
  }
  return parsed as Record<string, unknown>;
}

export function requireString(
  body: Record<string, unknown>,
  key: string,
): string {
  const value = body[key];
  if (typeof value !== "string" || value === "") {
    throw new ToolboxError(400, `${key} is required`, "INVALID_REQUEST_BODY");
  }
  return value;
}

export function requireQuery(url: URL, key: string): string {
  const value = url.searchParams.get(key);
  if (!value) throw new ToolboxError(400, `${key} is required`);
  return value;
}
