import { bigintOf, kindOf, numberOf, type Json, type JsonObject } from "./json";
import type { FieldValidator, Validator } from "./validator";

const LONGEST = 2_000;

/** A value as a person reads it in an error. Long ones are cut. */
export function show(value: Json): string {
  const text = write(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

function write(value: Json): string {
  switch (kindOf(value)) {
    case "bigint":
      return `${bigintOf(value)}n`;
    case "number": {
      const number = numberOf(value);
      return Number.isInteger(number) ? number.toFixed(1) : String(number);
    }
    case "bytes":
      return `Bytes(${(value as { $bytes: string }).$bytes})`;
    case "array":
      return `[${(value as Json[]).map(write).join(", ")}]`;
    case "object":
      return `{${Object.entries(value as JsonObject)
        .map(([key, item]) => `${key}: ${write(item)}`)
        .join(", ")}}`;
    default:
      return JSON.stringify(value);
  }
}

/** A validator as it is written in code. */
export function showValidator(validator: Validator): string {
  const text = writeValidator(validator);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

function writeValidator(validator: Validator): string {
  switch (validator.type) {
    case "number":
      return "v.float64()";
    case "bigint":
      return "v.int64()";
    case "literal":
      return `v.literal(${write(validator.value)})`;
    case "id":
      return `v.id("${validator.tableName}")`;
    case "array":
      return `v.array(${writeValidator(validator.value)})`;
    case "union":
      return `v.union(${validator.value.map(writeValidator).join(", ")})`;
    case "object":
      return `v.object({${Object.entries(validator.value)
        .map(([name, field]) => `${name}: ${writeField(field)}`)
        .join(", ")}})`;
    case "record":
      return (
        `v.record(${writeValidator(validator.keys)}, ` +
        `${writeField(validator.values)})`
      );
    default:
      return `v.${validator.type}()`;
  }
}

function writeField(field: FieldValidator): string {
  const text = writeValidator(field.fieldType);
  return field.optional ? `v.optional(${text})` : text;
}
