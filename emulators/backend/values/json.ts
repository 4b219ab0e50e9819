/**
 * A Convex value as the functions' SDK sends it: JSON in which `{$integer}`,
 * `{$float}` and `{$bytes}` stand for what JSON cannot say. The engine keeps
 * documents in this form and never decodes one it only passes on.
 */
export type Json =
  null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

export type Kind =
  | "null"
  | "bigint"
  | "number"
  | "boolean"
  | "string"
  | "bytes"
  | "array"
  | "object"
  | "commitTs";

/** What an encoded value is. A `$`-key is always an escape: fields may not start with `$`. */
export function kindOf(json: Json): Kind {
  if (json === null) return "null";
  switch (typeof json) {
    case "boolean":
      return "boolean";
    case "number":
      return "number";
    case "string":
      return "string";
    default:
  }
  if (Array.isArray(json)) return "array";
  if ("$integer" in json) return "bigint";
  if ("$float" in json) return "number";
  if ("$bytes" in json) return "bytes";
  if ("$commitTs" in json) return "commitTs";
  return "object";
}

export function isJsonObject(json: Json | undefined): json is JsonObject {
  return json !== undefined && json !== null && kindOf(json) === "object";
}

/** The field at a dotted path, or undefined where any step is not an object. */
export function fieldAt(document: Json, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const step of path.split(".")) {
    if (!isJsonObject(value)) return undefined;
    value = value[step];
  }
  return value;
}

/** Fields in the order the SDK itself uses, so equal documents are equal text. */
export function sortFields(object: JsonObject): JsonObject {
  const sorted: JsonObject = {};
  for (const key of Object.keys(object).sort()) {
    sorted[key] = object[key] as Json;
  }
  return sorted;
}

export function numberOf(json: Json): number {
  if (typeof json === "number") return json;
  const escaped = (json as { $float: string }).$float;
  return Buffer.from(escaped, "base64").readDoubleLE(0);
}

export function bigintOf(json: Json): bigint {
  const escaped = (json as { $integer: string }).$integer;
  return Buffer.from(escaped, "base64").readBigInt64LE(0);
}
