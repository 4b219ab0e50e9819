import { z } from "zod";
import { badRequest } from "../errors";
import type { SandboxRecord } from "../state/registry";

const MAX_PAGE = 100;

/** GET /sandbox: filters, a stable order and a cursor that survives deletes. */
export function listPage(
  records: SandboxRecord[],
  query: URLSearchParams,
): { items: SandboxRecord[]; nextCursor: string | null } {
  const limit = Number(query.get("limit") ?? MAX_PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw badRequest(`limit must be from 1 to ${MAX_PAGE}`);
  }
  const matches = filterOf(query);
  const direction = query.get("order") === "asc" ? 1 : -1;
  const key = sortKey(query.get("sort"));
  const position = (r: SandboxRecord): Position => [key(r), r.id];
  const after = readCursor(query.get("cursor"));
  const rest = records
    .filter(matches)
    .sort((a, b) => direction * compare(position(a), position(b)))
    .filter((r) => !after || direction * compare(position(r), after) > 0);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const more = rest.length > items.length && last !== undefined;
  return { items, nextCursor: more ? writeCursor(position(last)) : null };
}

function filterOf(query: URLSearchParams): (r: SandboxRecord) => boolean {
  const id = query.get("id");
  const name = query.get("name");
  const labels = Object.entries(parseLabels(query.get("labels")));
  const states = query.getAll("states").flatMap((s) => s.split(","));
  return (r) =>
    (id === null || r.id.startsWith(id)) &&
    (name === null || r.name.startsWith(name)) &&
    labels.every(([k, v]) => r.labels[k] === v) &&
    (states.length === 0 || states.includes(r.state));
}

function parseLabels(text: string | null): Record<string, string> {
  if (!text) return {};
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text));
  } catch {
    throw badRequest("labels must be a JSON object of strings");
  }
}

type Position = [number | string, string];

function sortKey(sort: string | null): (r: SandboxRecord) => number | string {
  switch (sort) {
    case "name":
      return (r) => r.name;
    case "updatedAt":
      return (r) => r.updatedAt;
    case "lastActivityAt":
      return (r) => r.lastActivityAt;
    default:
      return (r) => r.createdAt;
  }
}

function compare(a: Position, b: Position): number {
  const [x, y] = a[0] === b[0] ? [a[1], b[1]] : [a[0], b[0]];
  return x < y ? -1 : x > y ? 1 : 0;
}

function writeCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function readCursor(cursor: string | null): Position | null {
  if (!cursor) return null;
  try {
    const text = Buffer.from(cursor, "base64url").toString();
    return z
      .tuple([z.union([z.number(), z.string()]), z.string()])
      .parse(JSON.parse(text));
  } catch {
    throw badRequest("invalid cursor");
  }
}
