/**
 * Cuts the vendor's OpenAPI documents down to the answers this emulator gives,
 * as plain JSON Schema: `bun emulators/sandbox/contract/trim.ts DIR`, where DIR
 * holds api.json and toolbox.json as published with the vendor's clients.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_ROUTES, TOOLBOX_ROUTES } from "./routes";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Node = { [key: string]: Json };

export interface Contract {
  source: string;
  /** "METHOD /path" -> status -> schema of a JSON answer, null for another body. */
  routes: Record<string, Record<string, Node | null>>;
  definitions: Record<string, Node>;
}

const DROPPED = new Set([
  ...["description", "example", "deprecated", "default", "format"],
  ...["title", "x-enum-varnames", "nullable"],
]);

/**
 * To JSON Schema. Objects are closed on the way: the vendor may send more than
 * its document says, a stand-in that does so has made it up.
 */
function toSchema(node: Node): Node {
  const [only] = Array.isArray(node.allOf) ? node.allOf : [];
  if (only && Array.isArray(node.allOf) && node.allOf.length === 1) {
    const rest = { ...node, ...(only as Node) };
    delete rest.allOf;
    return toSchema(rest);
  }
  const out: Node = {};
  for (const [key, value] of Object.entries(node)) {
    if (DROPPED.has(key)) continue;
    if (key === "$ref") {
      out.$ref = `#/definitions/${String(value).split("/").at(-1)}`;
    } else if (key === "properties") {
      const entries = Object.entries(value as Node);
      out.properties = Object.fromEntries(
        entries.map(([name, schema]) => [name, toSchema(schema as Node)]),
      );
      out.additionalProperties ??= node.additionalProperties ?? false;
    } else if (key === "items" || key === "additionalProperties") {
      out[key] = typeof value === "object" ? toSchema(value as Node) : value;
    } else out[key] = value;
  }
  if (node.nullable !== true) return out;
  return typeof out.type === "string" && !out.enum
    ? { ...out, type: [out.type, "null"] }
    : { anyOf: [out, { type: "null" }] };
}

/** The schema of a JSON answer in either dialect; null where it is not JSON. */
function schemaOf(answer: Node, produces: Json): Node | null {
  const content = answer.content as Node | undefined;
  const json = content?.["application/json"] as Node | undefined;
  const found = (json?.schema ?? answer.schema) as Node | undefined;
  const isJson = content !== undefined || String(produces).includes("json");
  return found && isJson && found.type !== "file" ? toSchema(found) : null;
}

function trim(document: Node, source: string, wanted: string[]): Contract {
  const schemas = ((document.components as Node)?.schemas ??
    document.definitions) as Record<string, Node>;
  const routes: Contract["routes"] = {};
  for (const route of wanted) {
    const [method = "", path = ""] = route.split(" ");
    const operation = ((document.paths as Node)[path] as Node | undefined)?.[
      method.toLowerCase()
    ] as Node | undefined;
    if (!operation) throw new Error(`${source} has no ${route}`);
    const answers = Object.entries(operation.responses as Record<string, Node>);
    routes[route] = Object.fromEntries(
      answers.map(([status, answer]) => [
        status,
        schemaOf(answer, operation.produces ?? "application/json"),
      ]),
    );
  }
  const definitions: Record<string, Node> = {};
  const keep = (node: Json): void => {
    if (typeof node !== "object" || node === null) return;
    if (!Array.isArray(node) && typeof node.$ref === "string") {
      const name = node.$ref.split("/").at(-1) ?? "";
      const schema = schemas[name];
      if (!schema) throw new Error(`${source} has no schema ${name}`);
      if (name in definitions) return;
      definitions[name] = toSchema(schema);
      keep(definitions[name]);
    }
    for (const value of Object.values(node)) keep(value);
  };
  keep(routes as Json);
  return { source, routes, definitions };
}

const [folder] = process.argv.slice(2);
if (!folder)
  throw new Error("usage: trim.ts DIR (with api.json, toolbox.json)");
for (const [name, file, wanted] of [
  ["control", "api.json", CONTROL_ROUTES],
  ["toolbox", "toolbox.json", TOOLBOX_ROUTES],
] as const) {
  const document = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const contract = trim(document, file, [...wanted]);
  const target = join(import.meta.dir, `${name}.json`);
  await Bun.write(target, `${JSON.stringify(contract, null, 1)}\n`);
  console.log(`${target}: ${wanted.length} routes`);
}
