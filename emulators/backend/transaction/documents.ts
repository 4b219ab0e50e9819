import type { Engine } from "../engine";
import { LIMITS } from "../limits";
import { byId, idKey, indexKey, type TableInfo } from "../store/catalog";
import {
  fieldAt,
  isJsonObject,
  sortFields,
  type Json,
  type JsonObject,
} from "../values/json";
import { encodeId } from "../values/ids";
import { measure } from "../values/measure";
import { mismatch } from "../values/validator";
import type { Scope } from "./transaction";

/** Reading and writing single documents, as `ctx.db` offers it. */

export function getDocument(
  scope: Scope,
  table: TableInfo,
  id: string,
): string | null {
  const { transaction } = scope;
  transaction.readSet.addPoint(byId(table).number, idKey(id));
  const text = scope.view.get(table, id);
  if (text !== null) transaction.countRead(text);
  return text;
}

export function insertDocument(
  engine: Engine,
  scope: Scope,
  table: TableInfo,
  value: Json,
): string {
  if (!isJsonObject(value)) {
    throw new Error("db.insert: the document must be an object.");
  }
  for (const field of ["_id", "_creationTime"]) {
    if (field in value) {
      throw new Error(
        `db.insert: \`${field}\` is set by Convex and cannot be provided.`,
      );
    }
  }
  const { transaction } = scope;
  const id = encodeId(table.number, engine.idBytes(transaction.random));
  validateDocument(engine, table, value);
  write(scope, table, id, null, {
    ...value,
    _creationTime: engine.nextCreationTime(transaction.now),
    _id: id,
  });
  return id;
}

/** Sets the given fields; `{$undefined: null}` removes one. */
export function patchDocument(
  engine: Engine,
  scope: Scope,
  table: TableInfo,
  id: string,
  value: Json,
): void {
  const before = existing(scope, table, id, "patch");
  const merged: JsonObject = { ...before };
  for (const [field, item] of Object.entries(objectOf(value, "patch"))) {
    if (isUndefined(item)) delete merged[field];
    else merged[field] = item;
  }
  overwrite(engine, scope, table, id, before, merged);
}

export function replaceDocument(
  engine: Engine,
  scope: Scope,
  table: TableInfo,
  id: string,
  value: Json,
): void {
  const before = existing(scope, table, id, "replace");
  overwrite(engine, scope, table, id, before, {
    _id: before["_id"] as Json,
    _creationTime: before["_creationTime"] as Json,
    ...objectOf(value, "replace"),
  });
}

export function deleteDocument(
  scope: Scope,
  table: TableInfo,
  id: string,
): void {
  write(scope, table, id, existing(scope, table, id, "delete"), null);
}

function overwrite(
  engine: Engine,
  scope: Scope,
  table: TableInfo,
  id: string,
  before: JsonObject,
  after: JsonObject,
): void {
  for (const field of ["_id", "_creationTime"]) {
    if (after[field] !== before[field]) {
      throw new Error(
        `The \`${field}\` field of document "${id}" cannot be changed.`,
      );
    }
  }
  const { _id, _creationTime, ...fields } = after;
  validateDocument(engine, table, fields);
  write(scope, table, id, before, after);
}

function existing(
  scope: Scope,
  table: TableInfo,
  id: string,
  verb: string,
): JsonObject {
  const text = getDocument(scope, table, id);
  if (text === null) {
    const Verb = verb[0]?.toUpperCase() + verb.slice(1);
    throw new Error(`${Verb} on non-existent document ID ${id}`);
  }
  return JSON.parse(text) as JsonObject;
}

function objectOf(value: Json, verb: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Error(`db.${verb}: the value must be an object.`);
}

function isUndefined(value: Json): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    "$undefined" in value
  );
}

function validateDocument(
  engine: Engine,
  table: TableInfo,
  fields: JsonObject,
): void {
  const validator = engine.schemas
    .get(table.component)
    ?.get(table.name)?.validator;
  if (!validator) return;
  const problem = mismatch(
    validator,
    fields,
    engine.tableNames(table.component),
  );
  if (problem !== null) {
    throw new Error(
      `Failed to insert or update a document in table "${table.name}" because ` +
        `it does not match the schema: ${problem}`,
    );
  }
}

function write(
  scope: Scope,
  table: TableInfo,
  id: string,
  before: JsonObject | null,
  after: JsonObject | null,
): void {
  const { transaction, writes } = scope;
  let text: string | null = null;
  if (after !== null) {
    const bytes = measure(after, `Document "${id}"`);
    if (bytes > LIMITS.documentBytes) {
      throw new Error(
        `Value is too large (${bytes} bytes > maximum size ` +
          `${LIMITS.documentBytes} bytes): document "${id}" in table ` +
          `"${table.name}".`,
      );
    }
    transaction.countWrite(bytes);
    text = JSON.stringify(sortFields(after));
  } else {
    transaction.countWrite(0);
  }
  writes.documents.set(id, text);
  // Every index is noted, also where the key stays: a reader that met this
  // document through any of them must learn that it changed.
  for (const index of table.indexes.values()) {
    if (before !== null) {
      writes.setEntry(index.number, indexKey(index, before), null);
    }
    if (after !== null) {
      writes.setEntry(index.number, indexKey(index, after), id);
    }
  }
}

export function idOf(document: Json): string {
  return fieldAt(document, "_id") as string;
}
