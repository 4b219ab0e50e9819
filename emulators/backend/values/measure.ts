import { LIMITS } from "../limits";
import { kindOf, type Json, type JsonObject } from "./json";

/**
 * The size of a value in bytes, counted as Convex counts it. Throws when it
 * is nested too deep or an array or object has too many members.
 *
 * @param what what the value is, for the error: "Document", "Arguments"
 */
export function measure(value: Json, what: string): number {
  return size(value, what, 0);
}

function size(value: Json, what: string, depth: number): number {
  switch (kindOf(value)) {
    case "null":
    case "boolean":
      return 1;
    case "number":
    case "bigint":
      return 9;
    case "string":
      return 2 + Buffer.byteLength(value as string);
    case "bytes":
      return (
        2 + Buffer.byteLength((value as { $bytes: string }).$bytes, "base64")
      );
    case "array": {
      const items = value as Json[];
      tooDeep(what, depth);
      if (items.length > LIMITS.arrayElements) {
        throw new Error(
          `${what} has an array of length ${items.length}, over the limit of ` +
            `${LIMITS.arrayElements} elements.`,
        );
      }
      let total = 2;
      for (const item of items) total += size(item, what, depth + 1);
      return total;
    }
    case "object": {
      const fields = Object.keys(value as JsonObject);
      tooDeep(what, depth);
      if (fields.length > LIMITS.objectFields) {
        throw new Error(
          `${what} has an object with ${fields.length} fields, over the limit ` +
            `of ${LIMITS.objectFields}.`,
        );
      }
      let total = 2;
      for (const name of fields) {
        const item = (value as JsonObject)[name] as Json;
        total += Buffer.byteLength(name) + 1 + size(item, what, depth + 1);
      }
      return total;
    }
    case "commitTs":
      throw new Error(
        "db.vars.commitTs is not supported by the embedded backend.",
      );
  }
}

function tooDeep(what: string, depth: number): void {
  if (depth >= LIMITS.nesting) {
    throw new Error(
      `${what} is nested deeper than the limit of ${LIMITS.nesting} levels.`,
    );
  }
}
