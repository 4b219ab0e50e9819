import type { Engine } from "../engine";
import { unsupported } from "../errors";
import type { IndexInfo } from "../store/catalog";
import type { Order } from "../store/database";
import { VISIBLE_SYSTEM_TABLES } from "../schema";
import { encodeValue, MAX, type Key } from "../values/keys";
import type { Json } from "../values/json";
import { literal, type Expression } from "./filter";

type RangeExpression = {
  type: "Eq" | "Gt" | "Gte" | "Lt" | "Lte";
  fieldPath: string;
  value: Json;
};

/** A query as the SDK serializes it. */
export type SerializedQuery = {
  source:
    | { type: "FullTableScan"; tableName: string; order: Order | null }
    | {
        type: "IndexRange";
        indexName: string;
        range: RangeExpression[];
        order: Order | null;
      }
    | { type: "Search"; indexName: string };
  operators: ({ filter: Expression } | { limit: number })[];
};

/** What a query comes to: a range of one index, then filters and limits in turn. */
export type Plan = {
  index: IndexInfo;
  lo: Key;
  hi: Key;
  order: Order;
  operators: SerializedQuery["operators"];
};

/** The indexes every table has. System tables show no others. */
const PLAIN_INDEXES: ReadonlySet<string> = new Set([
  "by_id",
  "by_creation_time",
]);

/** @param component whose tables are meant */
export function planQuery(
  engine: Engine,
  component: string,
  query: SerializedQuery,
): Plan {
  const { source, operators } = query;
  if (source.type === "Search") {
    throw unsupported(`Full text search (index "${source.indexName}")`);
  }
  const order = source.order ?? "asc";
  if (source.type === "FullTableScan") {
    const index = findIndex(
      engine,
      component,
      source.tableName,
      "by_creation_time",
    );
    return { index, lo: "", hi: MAX, order, operators };
  }
  const dot = source.indexName.indexOf(".");
  const index = findIndex(
    engine,
    component,
    source.indexName.slice(0, dot),
    source.indexName.slice(dot + 1),
  );
  return { index, ...bounds(index, source.range), order, operators };
}

function findIndex(
  engine: Engine,
  component: string,
  tableName: string,
  indexName: string,
): IndexInfo {
  if (tableName.startsWith("_") && !VISIBLE_SYSTEM_TABLES.has(tableName)) {
    throw new Error(`There is no system table "${tableName}".`);
  }
  // A table nobody has written to yet reads as empty, and must be one a later
  // insert can invalidate.
  const index = engine.catalog
    .createTable(tableName, component)
    .indexes.get(indexName);
  const hidden = tableName.startsWith("_") && !PLAIN_INDEXES.has(indexName);
  if (index !== undefined && !hidden) return index;
  const kind = engine.schemas
    .get(component)
    ?.get(tableName)
    ?.unsupported.get(indexName);
  if (kind !== undefined) {
    throw unsupported(`The ${kind} index "${tableName}.${indexName}"`);
  }
  throw new Error(
    `Index ${tableName}.${indexName} not found. Declare it in schema.ts.`,
  );
}

/** Any number of `eq`, then at most one lower and one upper bound on the next field. */
function bounds(
  index: IndexInfo,
  range: readonly RangeExpression[],
): { lo: Key; hi: Key } {
  let prefix = "";
  let position = 0;
  let lower: Key | null = null;
  let upper: Key | null = null;
  for (const { type, fieldPath, value } of range) {
    const expected = index.keyFields[position];
    if (fieldPath !== expected) {
      throw new Error(
        `Tried to query index ${index.table.name}.${index.name} on field ` +
          `"${fieldPath}", but the next field of the index is ` +
          `"${expected ?? "none"}". Its fields are, in order: ` +
          `${index.keyFields.join(", ")}.`,
      );
    }
    const encoded = encodeValue(literal(value));
    switch (type) {
      case "Eq":
        if (lower !== null || upper !== null) {
          throw new Error("An index range cannot have `eq` after a bound.");
        }
        prefix += encoded;
        position += 1;
        break;
      case "Gt":
      case "Gte":
        if (lower !== null) {
          throw new Error("An index range has two lower bounds.");
        }
        lower = type === "Gte" ? encoded : encoded + MAX;
        break;
      case "Lt":
      case "Lte":
        if (upper !== null) {
          throw new Error("An index range has two upper bounds.");
        }
        upper = type === "Lt" ? encoded : encoded + MAX;
        break;
    }
  }
  return { lo: prefix + (lower ?? ""), hi: prefix + (upper ?? MAX) };
}
