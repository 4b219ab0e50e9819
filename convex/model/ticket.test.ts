import { expect, test } from "bun:test";
import type { ConvexError } from "convex/values";
import type { Id } from "../_generated/dataModel";
import { judgeClaim, previewLabel, requirePurpose, type Claim } from "./ticket";

const claim: Claim = {
  userId: "ada" as Id<"users">,
  slotId: "slot" as Id<"slots">,
  generation: 2,
  revision: 7,
};
const slot = { userId: "ada", generation: 2, revision: 7, status: "running" };

test("a claim holds for the same boot of the same sandbox of the same person", () => {
  expect(judgeClaim(claim, { slot, access: true })).toBe("ok");
});

test.each([
  [{ status: "stopping" }, "sandbox_changed"],
  [{ status: "starting" }, "sandbox_changed"],
  [{ generation: 3 }, "sandbox_changed"],
  // Stopped and started again: running, of the same generation, and another boot.
  [{ revision: 9 }, "sandbox_changed"],
  [{ userId: "bob" }, "access_withdrawn"],
] as const)("with %p it is %p", (change, verdict) => {
  const found = { slot: { ...slot, ...change }, access: true };
  expect(judgeClaim(claim, found)).toBe(verdict);
});

test("without the person, their token or the slot it is withdrawn", () => {
  expect(judgeClaim(claim, { slot, access: false })).toBe("access_withdrawn");
  expect(judgeClaim(claim, { slot: null, access: true })).toBe(
    "access_withdrawn",
  );
});

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return (error as ConvexError<{ code: string }>).data.code;
  }
}

test.each([
  [80, null],
  [3000, null],
  [32_767, null],
  [4500, "port_reserved"], // sandboxd
  [2280, "port_reserved"],
  [22_222, "port_reserved"],
  [32_768, "port_reserved"], // the agent's is from here on
  [0, "bad_request"],
  [65_536, "bad_request"],
  [3000.5, "bad_request"],
  [Number.NaN, "bad_request"],
])("port %p: %p", (port, code) => {
  expect(codeOf(() => requirePurpose({ kind: "port", port }))).toBe(code);
});

test.each([
  ["report.pdf", "report.pdf"],
  ["./a//b/./c", "a/b/c"],
  ["~/a", "a"],
  ["/home/daytona/a b/ü.txt", "a b/ü.txt"],
  ["..a/b", "..a/b"],
])("the file %p is %p", (path, plain) => {
  expect(requirePurpose({ kind: "file", path })).toEqual({
    kind: "file",
    path: plain,
  });
});

test.each([
  [""],
  ["."],
  ["/"],
  ["/etc/passwd"],
  ["/home/daytonax/a"],
  ["../a"],
  ["a/../../b"],
  ["a\u0000b"],
  ["a\nb"],
  ["a".repeat(2_000)],
])("the file %p is refused", (path) => {
  expect(codeOf(() => requirePurpose({ kind: "file", path }))).toBe(
    "bad_request",
  );
});

test("a preview's name is the same for the same port of the same sandbox, and for nothing else", async () => {
  const of = { slotId: "slot", generation: 2, port: 3000 };
  const name = await previewLabel("secret", of);
  expect(name).toMatch(/^p-[0-9a-f]{32}$/);
  expect(await previewLabel("secret", { ...of })).toBe(name);
  const others = await Promise.all([
    previewLabel("another", of),
    previewLabel("secret", { ...of, slotId: "other" }),
    previewLabel("secret", { ...of, generation: 3 }),
    previewLabel("secret", { ...of, port: 3001 }),
  ]);
  expect(new Set([name, ...others]).size).toBe(5);
});
