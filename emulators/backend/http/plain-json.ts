import {
  bigintOf,
  kindOf,
  numberOf,
  type Json,
  type JsonObject,
} from "../values/json";

/** A value for callers without the SDK: big integers as text, bytes in base64. */
export function plainJson(value: Json): Json {
  switch (kindOf(value)) {
    case "bigint":
      return String(bigintOf(value));
    case "bytes":
      return (value as { $bytes: string }).$bytes;
    case "number": {
      const number = numberOf(value);
      return Number.isFinite(number) ? number : String(number);
    }
    case "array":
      return (value as Json[]).map(plainJson);
    case "object":
      return Object.fromEntries(
        Object.entries(value as JsonObject).map(([key, item]) => [
          key,
          plainJson(item),
        ]),
      );
    default:
      return value;
  }
}
