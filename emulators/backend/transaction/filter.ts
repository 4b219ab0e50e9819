import { bigintOf, fieldAt, kindOf, numberOf } from "../values/json";
import type { Json, JsonObject } from "../values/json";
import { encodeValue } from "../values/keys";

/** An expression of `.filter(q => ...)`, as the SDK serializes it. */
export type Expression = Json;

/** Whether a document passes. */
export function passes(expression: Expression, document: Json): boolean {
  return evaluate(expression, document) === true;
}

type Arithmetic = {
  number: (a: number, b: number) => number;
  bigint: (a: bigint, b: bigint) => bigint;
};

const ARITHMETIC: Record<string, Arithmetic> = {
  $add: { number: (a, b) => a + b, bigint: (a, b) => a + b },
  $sub: { number: (a, b) => a - b, bigint: (a, b) => a - b },
  $mul: { number: (a, b) => a * b, bigint: (a, b) => a * b },
  $div: { number: (a, b) => a / b, bigint: (a, b) => a / b },
  $mod: { number: (a, b) => a % b, bigint: (a, b) => a % b },
};

/** Encoded keys compare as the values do, so they serve here too. */
const COMPARISON: Record<string, (a: string, b: string) => boolean> = {
  $eq: (a, b) => a === b,
  $neq: (a, b) => a !== b,
  $lt: (a, b) => a < b,
  $lte: (a, b) => a <= b,
  $gt: (a, b) => a > b,
  $gte: (a, b) => a >= b,
};

function evaluate(expression: Expression, document: Json): Json | undefined {
  const [operator, operand] = Object.entries(expression as JsonObject)[0] ?? [];
  if (operator === undefined || operand === undefined) {
    throw new Error("An empty filter expression.");
  }
  switch (operator) {
    case "$field":
      return fieldAt(document, operand as string);
    case "$literal":
      return literal(operand);
    case "$and":
      return (operand as Json[]).every((part) => passes(part, document));
    case "$or":
      return (operand as Json[]).some((part) => passes(part, document));
    case "$not":
      return !passes(operand, document);
    case "$neg":
      return negate(evaluate(operand, document));
    default:
  }
  const [left, right] = (operand as [Json, Json]).map((part) =>
    evaluate(part, document),
  );
  const compare = COMPARISON[operator];
  if (compare) return compare(encodeValue(left), encodeValue(right));
  const arithmetic = ARITHMETIC[operator];
  if (arithmetic) return compute(operator, arithmetic, left, right);
  throw new Error(`Unknown filter operator ${operator}.`);
}

/** A literal, or a bound of an index range; `{$undefined: null}` is a missing field. */
export function literal(value: Json): Json | undefined {
  const missing =
    typeof value === "object" &&
    value !== null &&
    !isJsonArray(value) &&
    "$undefined" in value;
  return missing ? undefined : value;
}

function isJsonArray(value: Json): value is Json[] {
  return Array.isArray(value);
}

function compute(
  operator: string,
  { number, bigint }: Arithmetic,
  left: Json | undefined,
  right: Json | undefined,
): Json {
  if (left !== undefined && right !== undefined) {
    const kinds = `${kindOf(left)} ${kindOf(right)}`;
    if (kinds === "number number") {
      return encodeNumber(number(numberOf(left), numberOf(right)));
    }
    if (kinds === "bigint bigint") {
      return encodeBigint(bigint(bigintOf(left), bigintOf(right)));
    }
  }
  throw new Error(`${operator} needs two numbers or two bigints.`);
}

function negate(value: Json | undefined): Json {
  if (value !== undefined && kindOf(value) === "number") {
    return encodeNumber(-numberOf(value));
  }
  if (value !== undefined && kindOf(value) === "bigint") {
    return encodeBigint(-bigintOf(value));
  }
  throw new Error("$neg needs a number or a bigint.");
}

function encodeNumber(value: number): Json {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return { $float: bytes.toString("base64") };
}

function encodeBigint(value: bigint): Json {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return { $integer: bytes.toString("base64") };
}
