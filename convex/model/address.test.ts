import { describe, expect, test } from "bun:test";
import { groupOf, networkOf } from "./address";

describe("what one party holds", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:DB8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2"],
    ["2001:db8::9", "2001:db8:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::1", "0:0:0:0"],
  ])("of %s is %s", (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});

test("addresses fall into few groups, evenly", () => {
  const groups = new Map<string, number>();
  for (let i = 0; i < 50_000; i++) {
    const group = groupOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  expect(groups.size).toBeGreaterThan(3_500);
  expect(groups.size).toBeLessThanOrEqual(4_096);
  expect(Math.max(...groups.values())).toBeLessThan(60);
  expect(groupOf("2001:db8:1:2::9")).toBe(groupOf("2001:db8:1:2:ffff::1"));
  expect(groupOf("203.0.113.7")).not.toBe(groupOf("203.0.113.8"));
});
