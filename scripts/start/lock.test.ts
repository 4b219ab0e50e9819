import { expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHolder, tryLock, writeHolder } from "./lock";

test("one process has a lock, until it is killed", async () => {
  const dir = await mkdtemp(join(tmpdir(), "slipway-lock-"));
  const path = join(dir, "lock.sqlite");
  const source = `
    import { tryLock } from ${JSON.stringify(join(import.meta.dir, "lock"))};
    const lock = tryLock(${JSON.stringify(path)});
    Bun.gc(true);
    console.log(lock ? "has it" : "does not");
    setInterval(() => {}, 1000);`;
  const other = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe" });
  try {
    const { value } = await other.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("has it\n");
    expect(tryLock(path)).toBeNull();

    other.kill("SIGKILL");
    await other.exited;

    const lock = tryLock(path);
    expect(lock).not.toBeNull();
    lock?.release();
  } finally {
    other.kill("SIGKILL");
    await rm(dir, { recursive: true });
  }
});

test("a lock that was released can be taken again", async () => {
  const dir = await mkdtemp(join(tmpdir(), "slipway-lock-"));
  try {
    for (const _ of [1, 2]) {
      const lock = tryLock(join(dir, "lock.sqlite"));
      expect(lock).not.toBeNull();
      lock?.release();
    }
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("a note of who has the folder that cannot be written ends nothing", async () => {
  const dir = await mkdtemp(join(tmpdir(), "slipway-lock-"));
  const note = join(dir, "supervisor.json");
  const holder = { pid: 1, url: "http://x", startedAt: "now", parts: {} };
  try {
    await symlink("/dev/full", note);
    writeHolder(note, holder);

    await rm(note);
    writeHolder(note, holder);
    expect(readHolder(note)).toEqual(holder);
  } finally {
    await rm(dir, { recursive: true });
  }
});
