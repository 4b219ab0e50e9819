import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "./errors";
import { makeFolder, someAtOnce } from "./files";

test("a folder is made with those above it, by several at once; nothing else is taken for one", async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-folder-"));
  const codeFor = (path: string) => makeFolder(path).then(() => null, codeOf);
  try {
    const deep = join(root, "a/b/c");
    await Promise.all([makeFolder(deep), makeFolder(deep)]);
    await makeFolder(deep);
    expect(await readdir(join(root, "a/b"))).toEqual(["c"]);
    await writeFile(join(root, "file"), "");
    await symlink("nowhere", join(root, "link"));
    expect(await codeFor(join(root, "file"))).toBe("EEXIST");
    expect(await codeFor(join(root, "file/below"))).toBe("ENOTDIR");
    expect(await codeFor(join(root, "link/below"))).toBe("EEXIST");
    expect(await codeFor("/proc/below")).toBe("ENOENT");
  } finally {
    await rm(root, { recursive: true });
  }
});

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
