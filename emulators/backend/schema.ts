import type { Validator } from "./values/validator";

type ExportedTable = {
  tableName: string;
  indexes: { indexDescriptor: string; fields: string[] }[];
  stagedDbIndexes?: { indexDescriptor: string; fields: string[] }[];
  searchIndexes: { indexDescriptor: string }[];
  vectorIndexes: { indexDescriptor: string }[];
  documentType: Validator;
};

type ExportedSchema = { tables: ExportedTable[]; schemaValidation: boolean };

/** What `defineSchema` returns. Its `export` is internal to the SDK's types. */
export type SchemaDefinition = { schemaValidation: boolean };

export type TableSchema = {
  /** null: anything goes. */
  validator: Validator | null;
  /** Of the document as it is stored, with its system fields. */
  stored: Validator | null;
  indexes: { name: string; fields: string[] }[];
  /** Declared, but not served: using one is an error that names it. */
  unsupported: Map<string, "search" | "vector" | "staged">;
};

export type Schema = Map<string, TableSchema>;

type Tables = ReadonlyMap<string, { name: string; fields: string[] }[]>;

/** Every component has jobs of its own. */
export const JOB_TABLES: Tables = new Map([
  [
    "_scheduled_functions",
    [
      { name: "by_state", fields: ["state.kind", "scheduledTime"] },
      { name: "by_completed", fields: ["completedTime"] },
    ],
  ],
]);

/**
 * Tables the engine keeps for itself. The first two are the ones functions
 * read through `ctx.db.system`; their extra indexes are invisible to them.
 */
export const SYSTEM_TABLES: Tables = new Map([
  ...JOB_TABLES,
  ["_storage", []],
  ["_cron_jobs", [{ name: "by_name", fields: ["name"] }]],
]);

/** System tables that `ctx.db.system` may read. */
export const VISIBLE_SYSTEM_TABLES: ReadonlySet<string> = new Set([
  "_scheduled_functions",
  "_storage",
]);

/** Read before: backends of one process share the definition. */
const read = new WeakMap<SchemaDefinition, Schema>();

export function readSchema(definition: SchemaDefinition | null): Schema {
  if (definition === null) return new Map();
  const known = read.get(definition);
  if (known !== undefined) return known;
  const schema: Schema = new Map();
  read.set(definition, schema);
  const exported = JSON.parse(
    (definition as unknown as { export(): string }).export(),
  ) as ExportedSchema;
  for (const table of exported.tables) {
    const unsupported: TableSchema["unsupported"] = new Map();
    for (const { indexDescriptor } of table.searchIndexes) {
      unsupported.set(indexDescriptor, "search");
    }
    for (const { indexDescriptor } of table.vectorIndexes) {
      unsupported.set(indexDescriptor, "vector");
    }
    for (const { indexDescriptor } of table.stagedDbIndexes ?? []) {
      unsupported.set(indexDescriptor, "staged");
    }
    const validator = exported.schemaValidation ? table.documentType : null;
    schema.set(table.tableName, {
      validator,
      stored: validator && withSystemFields(validator, table.tableName),
      indexes: table.indexes.map(({ indexDescriptor, fields }) => ({
        name: indexDescriptor,
        fields,
      })),
      unsupported,
    });
  }
  return schema;
}

/** The validator of a stored document: the schema's, plus the system fields. */
function withSystemFields(validator: Validator, table: string): Validator {
  if (validator.type === "union") {
    return {
      type: "union",
      value: validator.value.map((member) => withSystemFields(member, table)),
    };
  }
  if (validator.type !== "object") return validator;
  return {
    type: "object",
    value: {
      ...validator.value,
      _id: { fieldType: { type: "id", tableName: table }, optional: false },
      _creationTime: { fieldType: { type: "number" }, optional: false },
    },
  };
}
