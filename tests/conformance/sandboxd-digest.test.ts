import { afterAll, expect, test } from "bun:test";
import {
  chmod,
  mkdir,
  mkdtemp,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestFiles } from "../../convex/model/digest";
import { digestOf, digestOnDisk, type DigestFile } from "../../sandboxd/digest";

const root = await mkdtemp(join(tmpdir(), "slipway-digest-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const FILES: DigestFile[] = [
  ["SKILL.md", false, "# Skill"],
  ["a/b", false, "under a"],
  ["a-b", false, "beside a"],
  ["scripts/run.sh", true, "echo"],
  ["\u{1f600}", false, "beyond the basic plane"],
  ["\uffee", false, "sorts after it in UTF-16, before it in bytes"],
  ["empty", false, ""],
].map(([path, executable, content]) => ({
  path: path as string,
  executable: executable as boolean,
  content: Buffer.from(content as string),
}));

async function write(folder: string): Promise<string> {
  for (const { path, executable, content } of FILES) {
    const full = join(root, folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content);
    await chmod(full, executable ? 0o755 : 0o644);
  }
  return join(root, folder);
}

test("server, archive and disk agree on the digest", async () => {
  const digest = digestOf(FILES);
  expect(digestOf(FILES.toReversed())).toBe(digest);
  expect(await digestFiles(FILES)).toBe(digest);
  expect(await digestOnDisk(await write("same"))).toBe(digest);
});

test("content, name and the executable bit each change it", async () => {
  const digest = digestOf(FILES);
  const changed = (change: Partial<DigestFile>) =>
    digestOf([{ ...FILES[0]!, ...change }, ...FILES.slice(1)]);
  expect(changed({ content: Buffer.from("else") })).not.toBe(digest);
  expect(changed({ path: "skill.md" })).not.toBe(digest);
  expect(changed({ executable: true })).not.toBe(digest);
});

test("a link that stays is no file; one that leaves has no digest", async () => {
  const folder = await write("links");
  await symlink("scripts", join(folder, "inside"));
  expect(await digestOnDisk(folder)).toBe(digestOf(FILES));
  await symlink("../same", join(folder, "outside"));
  expect(await digestOnDisk(folder)).toBeNull();
});
