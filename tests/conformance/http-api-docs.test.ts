import { expect, test } from "bun:test";
import { join } from "node:path";
import { MAX_ACTIVE, MAX_SLOTS } from "../../convex/lifecycle/records";
import { MAX_POSITION } from "../../convex/model/admission";
import { MAX_WAITING, MAX_WAITING_AT } from "../../convex/model/chat/limits";
import { KEPT_FOR, MINUTE, QUEUE_DEADLINE } from "../../convex/model/timing";

/** Numbers that docs/api.md tells programs, as the code has them. */

const docs = await Bun.file(join(import.meta.dir, "../../docs/api.md")).text();

test.each([
  // One is being answered while the others wait.
  ["messages without their answer", MAX_WAITING + 1, "429 rate_limited"],
  ["messages that wait for it", MAX_WAITING_AT, "429 rate_limited"],
  ["launches under way, each", MAX_ACTIVE, "429 too_many_launches"],
  ["sandboxes ever used", MAX_SLOTS, "409 too_many_sandboxes"],
])("there are so many at a time: %s, %i", (what, most, failure) => {
  const row = docs.split("\n").find((line) => line.includes(`| ${what}`));
  const cells = row?.split("|").map((cell) => cell.trim());
  expect(cells?.slice(3, 5)).toEqual([`${most}`, `\`${failure}\``]);
});

test("how far positions are counted", () => {
  expect(docs).toContain(`counts to ${MAX_POSITION},`);
  expect(docs).toContain(`the ${MAX_POSITION}th or any after it`);
});

test("how long a halted replacement is left alone", () => {
  const halted = /\*\*Replacing\.\*\*.*?\n\n/s.exec(docs)?.[0];
  expect(halted).toContain(`after ${QUEUE_DEADLINE / MINUTE} minutes`);
  expect(halted).toContain(`after ${KEPT_FOR / (24 * 60 * MINUTE)} days`);
});
