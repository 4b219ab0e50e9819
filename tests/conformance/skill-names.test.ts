import { expect, test } from "bun:test";
import { isOddName } from "../../convex/model/skills/names";
import { checkedPath } from "../../sandboxd/archive-rules";

test("a file's name that is opened here is one that a sandbox installs", () => {
  let accepted = 0;
  for (let code = 0; code < 0x3000; code++) {
    const path = `scripts/a${String.fromCharCode(code)}b`;
    if (isOddName(path)) continue;
    expect(checkedPath(path)).toBeString();
    accepted++;
  }
  expect(accepted).toBeGreaterThan(0x2f00);
});
