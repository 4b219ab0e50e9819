import { VISIBLE_SYSTEM_TABLES } from "../schema";
import type { TableInfo } from "../store/catalog";
import {
  deleteDocument,
  getDocument,
  insertDocument,
  patchDocument,
  replaceDocument,
} from "../transaction/documents";
import { readPage, type PageRequest } from "../transaction/page";
import { planQuery, type SerializedQuery } from "../transaction/plan";
import { DocumentStream } from "../transaction/stream";
import type { Json } from "../values/json";
import { show } from "../values/show";
import type { TransactionContext } from "./context";
import type { Args, Calls, SyncCalls } from "./syscalls";

/** `ctx.db`: available in queries and mutations. */
export const DATABASE_CALLS: Calls<TransactionContext> = {
  "1.0/get": (context, args) => {
    const table = tableOf(context, args, "get", args["isSystem"] === true);
    const id = args["id"] as string;
    return getDocument(context.scope, table, id)?.text ?? "null";
  },

  "1.0/insert": (context, args) => {
    writable(context, "insert");
    const table = args["table"] as string;
    if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(table)) {
      throw new Error(
        `db.insert: "${table}" is not a table name (letters, digits and ` +
          `underscores, starting with a letter).`,
      );
    }
    const { engine } = context.runtime;
    const _id = insertDocument(
      engine,
      context.scope,
      engine.catalog.createTable(table, context.component),
      args["value"] as Json,
    );
    return JSON.stringify({ _id });
  },

  "1.0/shallowMerge": (context, args) => {
    writable(context, "patch");
    const table = tableOf(context, args, "patch", false);
    const id = args["id"] as string;
    const value = args["value"] as Json;
    patchDocument(context.runtime.engine, context.scope, table, id, value);
    return "{}";
  },

  "1.0/replace": (context, args) => {
    writable(context, "replace");
    const table = tableOf(context, args, "replace", false);
    const id = args["id"] as string;
    const value = args["value"] as Json;
    replaceDocument(context.runtime.engine, context.scope, table, id, value);
    return "{}";
  },

  "1.0/remove": (context, args) => {
    writable(context, "delete");
    const table = tableOf(context, args, "delete", false);
    deleteDocument(context.scope, table, args["id"] as string);
    return "{}";
  },

  "1.0/queryStreamNext": (context, args) => {
    const stream = context.streams.get(args["queryId"] as number);
    if (stream === undefined) throw new Error("This query has been closed.");
    const document = stream.next();
    return document === null
      ? `{"value":null,"done":true}`
      : `{"value":${document.text},"done":false}`;
  },

  "1.0/queryPage": (context, args) => {
    if (context.paginated) {
      throw new Error(
        `${context.path} ran multiple paginated queries. Convex only supports ` +
          `a single paginated query in each function.`,
      );
    }
    context.paginated = true;
    const request = args as unknown as PageRequest;
    // A subscription's page keeps its end when it is run again, so that pages
    // neither overlap nor leave gaps as documents come and go.
    const endCursor =
      request.endCursor ??
      (context.journal === null
        ? null
        : (JSON.parse(context.journal) as { endCursor: string }).endCursor);
    const { engine } = context.runtime;
    const plan = planQuery(engine, context.component, request.query);
    const page = readPage(context.scope, plan, { ...request, endCursor });
    const { documents, ...rest } = page;
    context.trace.journal = JSON.stringify({ endCursor: page.continueCursor });
    return `{"page":[${documents.join()}],${JSON.stringify(rest).slice(1)}`;
  },
};

export const DATABASE_SYNC_CALLS: SyncCalls<TransactionContext> = {
  "1.0/queryStream": (context, args) => {
    const query = args["query"] as unknown as SerializedQuery;
    const queryId = context.streams.size;
    const { engine } = context.runtime;
    const plan = planQuery(engine, context.component, query);
    context.streams.set(queryId, new DocumentStream(context.scope, plan));
    return JSON.stringify({ queryId });
  },

  // The entry stays, so that numbers are not given twice; it is freed with
  // the function's context.
  "1.0/queryCleanup": () => "{}",

  "1.0/db/normalizeId": (context, args) => {
    const id = args["idString"] as string;
    const { catalog } = context.runtime.engine;
    const table = catalog.tableIn(context.component, id);
    return JSON.stringify({ id: table?.name === args["table"] ? id : null });
  },

  "1.0/getSnapshotTs": (context) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(context.scope.transaction.snapshot.ts));
    return JSON.stringify({ $integer: bytes.toString("base64") });
  },
};

function writable(context: TransactionContext, verb: string): void {
  if (context.kind === "mutation") return;
  throw new Error(`db.${verb} is not available in the query ${context.path}.`);
}

/** The table that an id argument belongs to, checked against the one named. */
function tableOf(
  context: TransactionContext,
  args: Args,
  verb: string,
  system: boolean,
): TableInfo {
  const id = args["id"] as Json;
  const { catalog } = context.runtime.engine;
  const table =
    typeof id === "string" ? catalog.tableIn(context.component, id) : null;
  if (table === null) {
    throw new Error(
      `Invalid argument \`id\` for \`db.${verb}\`: ${show(id)} is not a ` +
        `document ID.`,
    );
  }
  const named = args["table"];
  if (named !== undefined && named !== table.name) {
    throw new Error(
      `Invalid argument \`id\` for \`db.${verb}\`: expected an ID of table ` +
        `"${String(named)}", got one of table "${table.name}".`,
    );
  }
  const isSystem = table.name.startsWith("_");
  if (
    isSystem !== system ||
    (isSystem && !VISIBLE_SYSTEM_TABLES.has(table.name))
  ) {
    throw new Error(
      isSystem
        ? `Documents of the system table "${table.name}" can only be read, ` +
            `through ctx.db.system.`
        : `"${table.name}" is not a system table: use ctx.db.${verb}.`,
    );
  }
  return table;
}
