import { expect, test } from "bun:test";
import { bootTime } from "./boot-time";

test("two answers agree, however busy the process was in between", () => {
  const first = bootTime();
  const until = performance.now() + 200;
  while (performance.now() < until);
  expect(first).toBeLessThan(Date.now());
  // The two clocks of the kernel count in hundredths of a second.
  expect(Math.abs(bootTime() - first)).toBeLessThan(100);
});
