import { JOB_TABLES, SYSTEM_TABLES, type Schema } from "../schema";
import { mismatch } from "../values/validator";
import {
  byId,
  fullName,
  type Catalog,
  type IndexInfo,
  type TableInfo,
} from "./catalog";
import type { Store } from "./database";
import type { Document } from "./document";
import { after, type Interval } from "./read-set";
import { EVERYTHING } from "./view";

/** Documents looked at in one go while an index is filled or a table is checked. */
const BATCH = 500;

/**
 * Brings the file to the schema in one transaction: tables are made, stored
 * documents are checked, indexes are dropped, made and filled. If a document
 * does not fit, nothing has changed and the error names it.
 *
 * Tables that are no longer in the schema keep their documents.
 *
 * @param schemas by component; "" is the app's own
 */
export function migrate(
  store: Store,
  catalog: Catalog,
  schemas: ReadonlyMap<string, Schema>,
): void {
  store.atomically(() => {
    const before = store.meta("validators") ?? "{}";
    const now = JSON.stringify(validatorsOf(schemas));
    const known = JSON.parse(before) as Validators;
    for (const [component, schema] of schemas) {
      const system = component === "" ? SYSTEM_TABLES : JOB_TABLES;
      for (const [name, indexes] of system) {
        const table = catalog.createTable(name, component);
        setIndexes(store, catalog, table, indexes);
      }
      for (const [name, { validator, stored, indexes }] of schema) {
        const table = catalog.createTable(name, component);
        const was = known[fullName(component, name)];
        const same =
          before === now || JSON.stringify(validator) === JSON.stringify(was);
        if (stored !== null && !same) {
          checkDocuments(store, catalog, table, stored);
        }
        setIndexes(store, catalog, table, indexes);
      }
    }
    store.setMeta("validators", now);
  });
}

type Validators = Record<string, unknown>;

function validatorsOf(schemas: ReadonlyMap<string, Schema>): Validators {
  const tables = [...schemas].flatMap(([component, schema]) =>
    Array.from(schema, ([name, { validator }]) => [
      fullName(component, name),
      validator,
    ]),
  );
  return Object.fromEntries(tables) as Validators;
}

function checkDocuments(
  store: Store,
  catalog: Catalog,
  table: TableInfo,
  validator: Parameters<typeof mismatch>[0],
): void {
  const tableOfId = (id: string) =>
    catalog.tableIn(table.component, id)?.name ?? null;
  for (const document of documentsOf(store, table)) {
    const problem = mismatch(validator, document.json, tableOfId);
    if (problem !== null) {
      const { id } = document;
      throw new Error(
        `Schema validation failed. Document with ID "${id}" in table ` +
          `"${table.name}" does not match the schema: ${problem}\n` +
          `Nothing was changed. Make the schema accept the document, or start ` +
          `with the former schema and correct it.`,
      );
    }
  }
}

function setIndexes(
  store: Store,
  catalog: Catalog,
  table: TableInfo,
  wanted: { name: string; fields: string[] }[],
): void {
  for (const index of [...table.indexes.values()]) {
    if (index.name === "by_id" || index.name === "by_creation_time") continue;
    const still = wanted.find(({ name }) => name === index.name);
    if (still?.fields.join() !== index.fields.join()) catalog.dropIndex(index);
  }
  for (const { name, fields } of wanted) {
    if (table.indexes.has(name)) continue;
    fill(store, table, catalog.createIndex(table, name, fields));
  }
}

function fill(store: Store, table: TableInfo, index: IndexInfo): void {
  const primary = byId(table);
  for (const document of documentsOf(store, table)) {
    const number = store.documentAt(primary.number, document.keyIn(primary));
    store.insertEntry(index.number, document.keyIn(index), number as number);
  }
}

function* documentsOf(store: Store, table: TableInfo): Generator<Document> {
  const { number } = byId(table);
  const range: Interval = { index: number, ...EVERYTHING };
  for (;;) {
    const rows = store.scan(number, range.lo, range.hi, "asc", BATCH);
    for (const row of rows) yield row.document;
    const last = rows[rows.length - 1];
    if (last === undefined || rows.length < BATCH) return;
    range.lo = after(last.key);
  }
}
