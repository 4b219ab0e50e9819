import { bigintOf, kindOf, numberOf, type Json, type JsonObject } from "./json";

/**
 * Index keys. A key is the order-preserving encoding of a document's indexed
 * values: comparing two keys byte by byte compares the values in Convex's
 * order (undefined < null < bigint < number < boolean < string < bytes <
 * array < object).
 *
 * In memory a key is a "binary string", one character per byte: JavaScript
 * compares those byte by byte, and they work as Map keys. No encoded value is
 * a prefix of another one, so `encoded + MAX` is the end of everything that
 * starts with it.
 */
export type Key = string;

/** Above any tag byte: `prefix + MAX` is greater than every key with that prefix. */
export const MAX = "\xff";

const TAG = {
  undefined: "\x01",
  null: "\x02",
  bigint: "\x03",
  number: "\x04",
  boolean: "\x05",
  string: "\x06",
  bytes: "\x07",
  array: "\x08",
  object: "\x09",
} as const;

// A zero byte inside text or bytes is escaped, so that the terminator sorts
// below any continuation.
const END = "\x00";
const TERMINATOR = "\x00\x01";
const ESCAPED_ZERO = "\x00\xff";
const FIELD = "\x01";

const scratch = Buffer.alloc(8);

export function encodeKey(values: readonly (Json | undefined)[]): Key {
  let key = "";
  for (const value of values) key += encodeValue(value);
  return key;
}

export function encodeValue(value: Json | undefined): Key {
  if (value === undefined) return TAG.undefined;
  switch (kindOf(value)) {
    case "null":
      return TAG.null;
    case "bigint":
      scratch.writeBigInt64BE(bigintOf(value));
      scratch[0] = (scratch[0] as number) ^ 0x80;
      return TAG.bigint + scratch.toString("latin1");
    case "number":
      return TAG.number + encodeFloat(numberOf(value));
    case "boolean":
      return TAG.boolean + (value ? "\x01" : "\x00");
    case "string":
      return TAG.string + encodeText(value as string);
    case "bytes":
      return (
        TAG.bytes +
        terminated(
          Buffer.from((value as { $bytes: string }).$bytes, "base64").toString(
            "latin1",
          ),
        )
      );
    case "array": {
      let key: string = TAG.array;
      for (const item of value as Json[]) key += encodeValue(item);
      return key + END;
    }
    case "object": {
      const object = value as JsonObject;
      let key: string = TAG.object;
      for (const name of Object.keys(object).sort()) {
        key += FIELD + encodeText(name) + encodeValue(object[name]);
      }
      return key + END;
    }
    case "commitTs":
      throw new Error(
        "db.vars.commitTs is not supported by the embedded backend.",
      );
  }
}

/** A float whose bytes sort as numbers do: -0 before 0, NaN at the ends by its sign. */
function encodeFloat(value: number): string {
  scratch.writeDoubleBE(value);
  if ((scratch[0] as number) & 0x80) {
    for (let i = 0; i < 8; i++) scratch[i] = ~(scratch[i] as number) & 0xff;
  } else {
    scratch[0] = (scratch[0] as number) | 0x80;
  }
  return scratch.toString("latin1");
}

// eslint-disable-next-line no-control-regex
const PLAIN_ASCII = /^[\x01-\x7f]*$/;

function encodeText(text: string): string {
  if (PLAIN_ASCII.test(text)) return text + TERMINATOR;
  return terminated(Buffer.from(text, "utf8").toString("latin1"));
}

function terminated(bytes: string): string {
  return bytes.replaceAll("\x00", ESCAPED_ZERO) + TERMINATOR;
}

export function keyToBytes(key: Key): Buffer {
  return Buffer.from(key, "latin1");
}

export function keyFromBytes(bytes: Uint8Array): Key {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
  );
}
