import { z } from "zod";
import { ERRORS, type ErrorCode } from "@convex/model/errors";
import { SAY_WHEN } from "../problem";
import { failuresOf, isKeyed, type Operation } from "./operation";
import { OPERATIONS } from "./operations";
import { named } from "./schemas";

type Json = Record<string, unknown>;

/**
 * The OpenAPI 3.1 document, made from the schemas that parse what comes and
 * shape what goes. `origin` is where the caller found it.
 */
export function openApi(origin: string): Json {
  return { ...(made ??= make()), servers: [{ url: origin }] };
}

let made: Json | undefined; // of all that asked: it costs milliseconds

function make(): Json {
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS) {
    const path = `/api/v1${operation.path}`;
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: describe(operation),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Slipway",
      version: "1",
      description:
        "Launch an AI agent with a given skill in a cloud sandbox. Fields may be added to answers; fields that are not known are ignored. A method that a path does not have is answered as `MethodNotAllowed` below tells.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ bearer: [] }],
    tags: [...new Set(OPERATIONS.map(({ tag }) => tag))].map((name) => ({
      name,
    })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description:
            "A personal token (slp_..., made in Settings; scopes read, launch, control), or a token of the deployment's issuer.",
        },
      },
      schemas: components(),
      responses: { MethodNotAllowed: problemAnswer(["method_not_allowed"]) },
    },
  };
}

function describe(operation: Operation): Json {
  const { id, tag, summary, description, scope, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, `Scope: ${[scope].flat().join(" or ")}.`]
      .filter(Boolean)
      .join(" "),
    parameters: parametersOf(operation),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: schemaOf(body.schema, "input") },
        },
      },
    }),
    responses: { ...answerOf(operation), ...problemsOf(operation) },
  };
}

function parametersOf(operation: Operation): Json[] {
  const { path, query } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true },
    schema: { type: "string" },
  }));
  const input = query ? schemaOf(query, "input") : {};
  const required = (input.required ?? []) as string[];
  const inQuery = Object.entries((input.properties ?? {}) as Json).map(
    ([name, schema]) => ({
      ...{ name, in: "query", required: required.includes(name) },
      schema,
    }),
  );
  const key = {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    schema: { type: "string", minLength: 1, maxLength: 200 },
    description:
      "The same request with the same key within 24 hours is done once and answered the same.",
  };
  return [...inPath, ...inQuery, ...(isKeyed(operation) ? [key] : [])];
}

function answerOf({ answer, events, summary }: Operation): Json {
  if (!events) {
    const schema = schemaOf(answer.schema, "output");
    return {
      [answer.status]: {
        description: summary,
        content: { "application/json": { schema } },
      },
    };
  }
  // OpenAPI 3.1 has no words for the events of a stream.
  const each = Object.entries(events).map(([event, schema]) => [
    event,
    schemaOf(schema, "output"),
  ]);
  return {
    [answer.status]: {
      description: summary,
      content: {
        "text/event-stream": {
          schema: { type: "string" },
          "x-events": Object.fromEntries(each),
        },
      },
    },
  };
}

/** Failures by their status, each status with the codes it may carry. */
function problemsOf(operation: Operation): Json {
  const byStatus = new Map<number, [ErrorCode, ...ErrorCode[]]>();
  for (const code of failuresOf(operation)) {
    const { status } = ERRORS[code];
    const others = byStatus.get(status);
    byStatus.set(status, others ? [...others, code] : [code]);
  }
  const entries = [...byStatus].map(([status, codes]) => [
    status,
    problemAnswer(codes),
  ]);
  return Object.fromEntries(entries) as Json;
}

/** Of failures of one status. */
function problemAnswer(codes: [ErrorCode, ...ErrorCode[]]): Json {
  const headers = headersOf(ERRORS[codes[0]].status);
  return {
    description: codes.map((code) => `\`${code}\``).join(", "),
    ...(headers && { headers }),
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
      },
    },
  };
}

/** What a failed answer of this status says beside its body (src/server/problem.ts, methods.ts). */
function headersOf(status: number): Json | null {
  const header = (description: string, schema: Json) => ({
    ...{ required: true, description, schema },
  });
  if (SAY_WHEN.includes(status)) {
    const about = "Seconds until asking again makes sense.";
    return { "Retry-After": header(about, { type: "integer", minimum: 1 }) };
  }
  if (status === 401) {
    const about = "What to authenticate with.";
    return { "WWW-Authenticate": header(about, { const: "Bearer" }) };
  }
  if (status === 405) {
    const about = "The methods the path has, separated by commas.";
    return { Allow: header(about, { type: "string" }) };
  }
  return null;
}

const uri = (id: string) => `#/components/schemas/${id}`;

/** A schema with what is named in it as references. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const id = named.get(schema)?.id;
  if (id) return { $ref: uri(id) };
  const { $defs: _components, ...made } = openEnded(
    z.toJSONSchema(schema, { metadata: named, io, override: tell }) as Json,
  );
  return JSON.parse(
    JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as Json;
}

function components(): Json {
  const { schemas } = z.toJSONSchema(named, { uri, override: tell });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [
      id,
      openEnded(schema as Json),
    ]),
  );
}

/** What a field is, from where `meta` keeps it; names have a registry of their own. */
function tell({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const description = z.globalRegistry.get(zodSchema)?.description;
  if (description) jsonSchema.description = description;
}

/** Answers may gain fields, so the document closes no object; `$id`s are ours to give. */
function openEnded(schema: Json): Json {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => {
      const closed = key === "additionalProperties" && value === false;
      return closed || key === "$schema" || key === "$id" ? undefined : value;
    }),
  ) as Json;
}
