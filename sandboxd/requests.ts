import type { IncomingMessage } from "node:http";
import { badRequest } from "./http";
import type { PushTarget } from "./push";
import { keySegments } from "./skill-key";
import type { InstallRequest, UninstallRequest } from "./skills";
import type { TurnRequest } from "./turns";

const MAX_TEXT_BYTES = 256 * 1024;

/** The headers of an install. Throws `Refusal`. */
export function parseInstall(request: IncomingMessage): InstallRequest {
  const content = parseContent(request);
  const sha = request.headers["x-skill-sha"];
  const installId = request.headers["x-install-id"];
  if (typeof sha !== "string" || !/^[0-9a-f]{40,64}$/.test(sha)) {
    throw badRequest("x-skill-sha must be a commit id in lower-case hex.");
  }
  if (installId === undefined) return { ...content, sha };
  if (!isId(installId)) throw badRequest("x-install-id must be an id.");
  return { ...content, sha, installId };
}

/** The headers of an uninstall. Throws `Refusal`. */
export function parseUninstall(request: IncomingMessage): UninstallRequest {
  const content = parseContent(request);
  const installId = request.headers["x-install-id"];
  if (!isId(installId)) throw badRequest("x-install-id must be an id.");
  return { ...content, installId };
}

/** Which content of which skill. */
function parseContent({ headers }: IncomingMessage) {
  const key = decoded(headers["x-skill-key"]);
  const digest = headers["x-skill-digest"];
  if (key === null) throw badRequest("x-skill-key must be URI-encoded.");
  keySegments(key);
  if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) {
    throw badRequest("x-skill-digest must be 64 lower-case hex digits.");
  }
  return { key, digest };
}

/** The body of POST /turns. Throws `Refusal`. */
export function parseTurn(body: Record<string, unknown>): TurnRequest {
  const { turnId, sessionId, text } = body;
  if (!isId(turnId)) throw badRequest("turnId must be an id.");
  if (!isId(sessionId)) throw badRequest("sessionId must be an id.");
  if (typeof text !== "string" || text.trim() === "") {
    throw badRequest("text must not be empty.");
  }
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) {
    throw badRequest("text is over 256 KiB.");
  }
  const skill = body.skill as Record<string, unknown> | undefined;
  const { name, path, key } = skill ?? {};
  if (
    typeof name !== "string" ||
    typeof path !== "string" ||
    typeof key !== "string"
  ) {
    throw badRequest("skill must be {name, path, key}.");
  }
  const push = body.push == null ? null : parsePush(body.push);
  return { turnId, sessionId, text, skill: { name, path, key }, push };
}

export function parseFrom(query: URLSearchParams): number {
  const from = query.get("from") ?? "0";
  if (!/^\d{1,9}$/.test(from)) throw badRequest("from must be a number.");
  return Number(from);
}

function parsePush(value: unknown): PushTarget {
  const { url, token } = value as Record<string, unknown>;
  const plain =
    typeof token === "string" && /^[\x21-\x7e]{1,4096}$/.test(token);
  if (typeof url !== "string" || !/^https?:\/\//.test(url) || !plain) {
    throw badRequest("push must be {url, token}.");
  }
  if (!URL.canParse(url)) throw badRequest("push.url must be a URL.");
  return { url, token };
}

/** Safe as a file name, a path segment and a header. */
function isId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,128}$/.test(value);
}

function decoded(value: string | string[] | undefined): string | null {
  if (typeof value !== "string") return null;
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
