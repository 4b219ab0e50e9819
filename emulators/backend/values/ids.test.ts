import { expect, test } from "bun:test";
import { Random } from "../random";
import { decodeId, encodeId } from "./ids";

const random = new Random("ids");
const bytes = () => random.fill(new Uint8Array(16));

test("an id names its table, and looks like Convex's", () => {
  for (const table of [1, 127, 128, 10_001, 2 ** 20]) {
    const id = encodeId(table, bytes());
    expect(decodeId(id)).toEqual({ tableNumber: table });
    expect(id).toMatch(/^[0-9a-z]{31,34}$/);
  }
  expect(encodeId(10_001, bytes())).toHaveLength(32);
});

test("what is not an id is not taken for one", () => {
  const id = encodeId(10_001, bytes());
  const wrong = id[5] === "a" ? "b" : "a";
  const mangled = id.slice(0, 5) + wrong + id.slice(6);
  const others = ["", "abc", `${id}0`, id.slice(1), id.toUpperCase(), mangled];
  for (const text of others) expect(decodeId(text)).toBeNull();
});
