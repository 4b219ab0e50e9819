import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { isDiskFull } from "./errors";

test("a disk without room is told from what else can go wrong", async () => {
  const thrown = (path: string) =>
    writeFile(path, "x").catch((error: unknown) => error);
  expect(isDiskFull(await thrown("/dev/full"))).toBe(true);
  expect(isDiskFull(await thrown("/nowhere/at/all"))).toBe(false);
  // Node gives a quota no name: "Unknown system error -122".
  const quota = { errno: -constants.errno.EDQUOT };
  expect(isDiskFull(Object.assign(new Error("no"), quota))).toBe(true);
  expect(isDiskFull(new Error("ENOSPC"))).toBe(false);
});
