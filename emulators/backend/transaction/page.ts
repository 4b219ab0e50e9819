import { createHash } from "node:crypto";
import { after } from "../store/read-set";
import type { Document } from "../store/document";
import { passes } from "./filter";
import type { Plan, SerializedQuery } from "./plan";
import { RowStream } from "./stream";
import type { Scope } from "./transaction";

export type PageRequest = {
  query: SerializedQuery;
  cursor: string | null;
  endCursor: string | null;
  pageSize: number;
  maximumRowsRead?: number | null;
  maximumBytesRead?: number | null;
};

/** `documents` are texts. The rest is what `.paginate()` returns. */
export type Page = {
  documents: string[];
  isDone: boolean;
  continueCursor: string;
  splitCursor: string | null;
  pageStatus: "SplitRecommended" | "SplitRequired" | null;
};

/** Where a page starts or ends: after this key, or at the end of the range. */
type Position = { after: string } | "end";

/**
 * One page of a query. A cursor is the key of the last row read, so it stays
 * good whatever is inserted or deleted around it; with an `endCursor` the page
 * is everything up to there, whatever its size.
 */
export function readPage(scope: Scope, plan: Plan, request: PageRequest): Page {
  const print = fingerprint(request.query);
  const start =
    request.cursor === null ? null : readCursor(request.cursor, print);
  const end =
    request.endCursor === null ? null : readCursor(request.endCursor, print);
  const write = (position: Position) => writeCursor(position, print);
  if (start === "end") {
    return {
      documents: [],
      isDone: true,
      continueCursor: write("end"),
      splitCursor: null,
      pageStatus: null,
    };
  }
  const rows = new RowStream(
    scope,
    narrow(plan, start, end),
    end === null ? request.pageSize + 1 : null,
  );
  const documents: string[] = [];
  const read: string[] = [];
  let bytes = 0;
  let status: Page["pageStatus"] = null;
  let reached: Position = end ?? "end";
  for (;;) {
    if (end === null && documents.length >= request.pageSize) {
      // One row further: a full page that ends the range is the last one.
      const last = read[read.length - 1];
      if (last === undefined) reached = start ?? { after: "" };
      else if (rows.next() !== null) reached = { after: last };
      break;
    }
    const row = rows.next();
    if (row === null) break;
    read.push(row.key);
    bytes += row.document.text.length;
    if (admits(plan, row.document)) documents.push(row.document.text);
    const full =
      (request.maximumRowsRead && read.length >= request.maximumRowsRead) ||
      (request.maximumBytesRead && bytes >= request.maximumBytesRead);
    if (full) {
      status = "SplitRequired";
      reached = { after: row.key };
      break;
    }
  }
  if (status === null && read.length > request.pageSize + 1) {
    status = "SplitRecommended";
  }
  const middle = read[Math.floor((read.length - 1) / 2)];
  return {
    documents,
    isDone: reached === "end",
    continueCursor: write(reached),
    splitCursor:
      status !== null && read.length >= 2 && middle !== undefined
        ? write({ after: middle })
        : null,
    pageStatus: status,
  };
}

/** A forged cursor can skip rows of the query's own range, never leave it. */
function narrow(
  plan: Plan,
  start: Position | null,
  end: Position | null,
): Plan {
  let { lo, hi } = plan;
  const above = (key: string) => (lo = lo > after(key) ? lo : after(key));
  const below = (key: string) => (hi = hi < key ? hi : key);
  if (start !== null && start !== "end") {
    if (plan.order === "asc") above(start.after);
    else if (start.after !== "") below(start.after);
  }
  if (end !== null && end !== "end") {
    if (plan.order === "asc") below(after(end.after));
    else lo = lo > end.after ? lo : end.after;
  }
  return { ...plan, lo, hi };
}

function admits(plan: Plan, document: Document): boolean {
  return plan.operators.every((operator) => {
    if ("limit" in operator) {
      throw new Error("A query with a limit cannot be paginated.");
    }
    return passes(operator.filter, document.json);
  });
}

function fingerprint(query: SerializedQuery): string {
  return createHash("sha256")
    .update(JSON.stringify(query))
    .digest("base64url")
    .slice(0, 12);
}

function writeCursor(position: Position, print: string): string {
  const key =
    position === "end"
      ? "end"
      : `@${Buffer.from(position.after, "latin1").toString("base64url")}`;
  return `${print}.${key}`;
}

function readCursor(cursor: string, print: string): Position {
  const [of, key] = cursor.split(".");
  if (of !== print || key === undefined) {
    // The words "InvalidCursor" are what usePaginatedQuery starts over on.
    throw new Error(
      "InvalidCursor: Tried to run a query starting from a cursor, but it " +
        "looks like this cursor is from a different query.",
    );
  }
  if (key === "end") return "end";
  return { after: Buffer.from(key.slice(1), "base64url").toString("latin1") };
}
