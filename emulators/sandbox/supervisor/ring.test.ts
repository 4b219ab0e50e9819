import { expect, test } from "bun:test";
import { Ring } from "./ring";

test("keeps the end, and knows how much is gone", () => {
  const ring = new Ring(5);
  expect([ring.toString(), ring.dropped]).toEqual(["", 0]);
  ring.push(Buffer.from("abc"));
  ring.push(Buffer.from("defg"));
  expect([ring.toString(), ring.dropped]).toEqual(["cdefg", 2]);
  ring.push(Buffer.from("0123456789"));
  expect([ring.toString(), ring.dropped]).toEqual(["56789", 12]);
});
