import { expect, test } from "bun:test";
import { someAtOnce } from "./files";

test("never more at once than may be, and none is left out", async () => {
  let now = 0;
  let most = 0;
  const done: number[] = [];
  await someAtOnce(3, Array(10).keys(), async (item) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now -= 1;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done.toSorted((a, b) => a - b)).toEqual([...Array(10).keys()]);
});

test("after a failure none is begun, and it is thrown when all have ended", async () => {
  const begun: number[] = [];
  const slow = Promise.withResolvers<void>();
  let ended = false;
  const all = someAtOnce(2, Array(10).keys(), async (item) => {
    begun.push(item);
    if (item === 0) throw new Error("no");
    await slow.promise;
    ended = true;
  });
  const failure = all.catch((error: Error) => [error.message, ended]);
  await Promise.resolve();
  slow.resolve();
  expect(await failure).toEqual(["no", true]);
  expect(begun).toEqual([0, 1]);
});
