import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal } from "./errors";

/** The body, at most `limit` bytes; beyond that throws `tooLarge`. */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  tooLarge: () => Refusal,
): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the socket: the refusal goes out on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const MAX_JSON_BYTES = 512 * 1024;

/** The body as a JSON object. Throws `Refusal`. */
export async function readJsonBody(
  request: IncomingMessage,
): Promise<Record<string, unknown>> {
  const body = await readBody(request, MAX_JSON_BYTES, () => {
    return new Refusal(413, "body_too_large", "The body is over 512 KiB.");
  });
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRequest("The body must be a JSON object.");
}

export function badRequest(message: string): Refusal {
  return new Refusal(422, "bad_request", message);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}
