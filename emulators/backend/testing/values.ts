import type { Value } from "convex/values";
import type { Random } from "../random";

/* Where orders of values differ if they are got wrong: see values/keys.ts. */
const CORNERS: readonly Value[] = [
  null,
  0,
  -0,
  1,
  -1,
  0.1,
  -1e300,
  NaN,
  Infinity,
  -Infinity,
  0n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  true,
  false,
  "",
  "a",
  "a\u0000",
  "a\u0000b",
  "ab",
  "B",
  "é",
  "\uffee",
  "😀",
  [],
  {},
];

/** A value of any kind; containers hold up to three more. */
export function anyValue(random: Random, depth = 2): Value {
  const upTo = (n: number) => Math.floor(random.float() * n);
  const several = () => Array.from({ length: upTo(4) }, () => 0);
  switch (upTo(depth > 0 ? 6 : 3)) {
    case 0:
    case 1:
      return CORNERS[upTo(CORNERS.length)] as Value;
    case 2:
      return new Uint8Array(several().map(() => upTo(3) * 127)).buffer;
    case 3:
      return (random.float() - 0.5) * 10 ** upTo(20);
    case 4:
      return several().map(() => anyValue(random, depth - 1));
    default:
      return Object.fromEntries(
        several().map(() => ["abc"[upTo(3)], anyValue(random, depth - 1)]),
      );
  }
}
