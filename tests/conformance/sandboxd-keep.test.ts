/** What a person made, copied out of one daemon's home and into another's. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { randomBytes } from "node:crypto";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import type { Refusal } from "../../sandboxd/errors";
import { listKept } from "../../sandboxd/keep/listing";
import { MAX_BYTES, MAX_FILES } from "../../sandboxd/keep/parts";
import {
  eventually,
  rootWithoutAgent,
  startDaemon,
  type Daemon,
} from "./sandboxd-harness";
import {
  archiveOf,
  digestAt,
  failureOf,
  keep,
  put,
  restore,
  workOf,
} from "./sandboxd-keep-harness";

setDefaultTimeout(60_000);

let root: string;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
beforeAll(async () => {
  root = await rootWithoutAgent();
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function claimed(): Promise<Daemon> {
  const daemon = await startDaemon(root);
  cleanups.push(daemon.close);
  await daemon.claim();
  return daemon;
}

describe("a round trip", () => {
  test("odd names, permissions, times, links and a large file come back", async () => {
    const from = await claimed();
    const { home } = from;
    const large = randomBytes(24 * 1024 * 1024);
    const long = `sessions/${"folder/".repeat(40)}a file with spaces`;
    await put(home, {
      "sessions/s1/notes.txt": "hello",
      "sessions/s1/run.sh": "echo",
      "sessions/s1/empty": "",
      "sessions/s1/line\nbreak \u{1f600} 'quoted'\\": "odd",
      "sessions/a-b/x": "before a/",
      "sessions/a/x": "after a-",
      [long]: "deep",
      "sessions/s1/large.bin": large,
      ".hermes/state.db": "database",
      ".hermes/state.db-wal": "not merged",
      ".hermes/memories/one.md": "remembered",
      // None of these belongs to the person.
      ".hermes/.env": "API_SERVER_KEY=secret",
      ".hermes/config.yaml": "secret",
      ".hermes/state.db-shm": "index",
      ".hermes/sessions/request_dump_1.json": "secret",
      ".hermes/logs/agent.log": "log",
      "other/file": "not in a session",
    });
    const s1 = join(home, "sessions/s1");
    const latin = Buffer.concat([Buffer.from(`${s1}/`), Buffer.of(0xe9, 0x78)]);
    await writeFile(latin, "not UTF-8");
    await chmod(join(s1, "run.sh"), 0o750);
    await mkdir(join(s1, "bare"), { mode: 0o700 });
    await symlink("notes.txt", join(s1, "link"));
    await symlink("../a/nothing-yet", join(s1, "dangling"));
    await symlink(join(home, "sessions/a/x"), join(s1, "absolute"));
    await symlink("/etc/passwd", join(s1, "out"));
    await symlink("../../.slipway/claim.json", join(s1, "climbs"));
    Bun.spawnSync(["mkfifo", join(s1, "pipe")]);
    await utimes(join(s1, "notes.txt"), 1_000_000_000, 1_000_000_000);
    await utimes(join(s1, "bare"), 1_100_000_000, 1_100_000_000);

    const kept = await keep(from);
    expect(kept.headers.get("x-slipway-skipped")).toBe("3");
    expect(kept.digest).toBe(await digestAt(home));
    expect((await keep(from)).packed).toEqual(kept.packed);

    const to = await claimed();
    await put(to.home, {
      "sessions/s1/notes.txt": "of the new one",
      "sessions/new/file": "x",
      ".hermes/state.db": "new",
      ".hermes/state.db-shm": "of another database",
    });
    const answer = await restore(to, kept);
    const files = Number(kept.headers.get("x-slipway-files"));
    const bytes = Number(kept.headers.get("x-slipway-bytes"));
    expect(answer).toEqual({
      status: 200,
      body: { digest: kept.digest, files, bytes },
    });
    expect(await digestAt(to.home)).toBe(kept.digest);

    const there = join(to.home, "sessions/s1");
    expect(await readFile(join(there, "notes.txt"), "utf8")).toBe("hello");
    expect(await readFile(join(to.home, long), "utf8")).toBe("deep");
    const copy = Buffer.concat([
      Buffer.from(`${there}/`),
      Buffer.of(0xe9, 0x78),
    ]);
    expect(await readFile(copy, "utf8")).toBe("not UTF-8");
    expect(large.equals(await readFile(join(there, "large.bin")))).toBe(true);
    expect((await stat(join(there, "run.sh"))).mode & 0o777).toBe(0o750);
    const bare = await stat(join(there, "bare"));
    expect([bare.mode & 0o777, bare.mtimeMs]).toEqual([0o700, 1.1e12]);
    expect((await stat(join(there, "notes.txt"))).mtimeMs).toBe(1e12);
    expect(await readlink(join(there, "link"))).toBe("notes.txt");
    expect(await readlink(join(there, "dangling"))).toBe("../a/nothing-yet");
    expect(await readlink(join(there, "absolute"))).toBe("../a/x");
    const names = await readdir(there);
    for (const left of ["out", "climbs", "pipe"]) {
      expect(names).not.toContain(left);
    }
    expect(await readdir(join(to.home, "sessions"))).not.toContain("new");
    expect((await readdir(join(to.home, ".hermes"))).sort()).toEqual([
      "memories",
      "state.db",
      "state.db-wal",
    ]);
    expect(await workOf(to)).toEqual([]);
    // The answer was lost: once more.
    expect((await restore(to, kept)).status).toBe(200);
    expect(await digestAt(to.home)).toBe(kept.digest);
  });

  test("of a home with nothing in it", async () => {
    const from = await claimed();
    const kept = await keep(from);
    expect(kept.headers.get("x-slipway-files")).toBe("0");
    const to = await claimed();
    await put(to.home, { "sessions/s/file": "x", ".hermes/state.db-wal": "x" });
    expect((await restore(to, kept)).body).toMatchObject({ files: 0 });
    expect(await readdir(join(to.home, ".hermes"))).toEqual([]);
  });

  test("a read-only folder in what was there before is no obstacle", async () => {
    const to = await claimed();
    await put(to.home, { "sessions/s/mod/file": "x" });
    await chmod(join(to.home, "sessions/s/mod"), 0o555);
    const kept = await archiveOf([{ name: "sessions/t/a", content: "a" }]);
    expect((await restore(to, kept)).status).toBe(200);
    expect(await readdir(join(to.home, "sessions"))).toEqual(["t"]);
    expect(await workOf(to)).toEqual([]);
  });
});

describe("what is too much or moves", () => {
  test("too many bytes are refused before the body, with how many", async () => {
    const daemon = await claimed();
    await put(daemon.home, { "sessions/s/sparse": "", "sessions/s/b": "b" });
    await truncate(join(daemon.home, "sessions/s/sparse"), MAX_BYTES);
    expect(await daemon.call("POST", "/keep")).toMatchObject({
      status: 413,
      body: { code: "keep_too_large", bytes: MAX_BYTES + 1, files: 2 },
    });
    await rm(join(daemon.home, "sessions/s/b"));
    expect((await keep(daemon)).headers.get("x-slipway-bytes")).toBe(
      String(MAX_BYTES),
    );
  });

  test("too many files are refused before the body, with how many", async () => {
    const daemon = await claimed();
    const folder = join(daemon.home, "sessions/s");
    await mkdir(folder, { recursive: true });
    const script = `for (let i = 0; i <= ${MAX_FILES}; i++) require("fs").writeFileSync(process.argv[1] + "/" + i, "")`;
    Bun.spawnSync(["node", "-e", script, folder]);
    expect(await daemon.call("POST", "/keep")).toMatchObject({
      status: 413,
      body: { code: "keep_too_large", bytes: 0, files: MAX_FILES + 1 },
    });
  });

  test("a path that is longer than the disk takes is skipped", async () => {
    const daemon = await claimed();
    await put(daemon.home, { "sessions/s/a": "a" });
    // Only step by step can one get there, as a shell does.
    const deep = `cd "$0" && name=$(printf %0248d 0) &&
      for n in $(seq 1 17); do mkdir $name && cd -P ./$name || exit 1; done`;
    const made = Bun.spawnSync(["bash", "-c", deep, `${daemon.home}/sessions`]);
    cleanups.push(async () => void Bun.spawnSync(["rm", "-rf", daemon.home]));
    expect(made.exitCode).toBe(0);
    const { headers } = await keep(daemon);
    expect(headers.get("x-slipway-files")).toBe("1");
    expect(headers.get("x-slipway-skipped")).toBe("1");
  });

  test("counting ends where it is too much for anybody to wait", async () => {
    const { home } = await claimed();
    const files: Record<string, string> = {};
    for (const folder of ["a", "b", "c"]) {
      for (let n = 0; n < 300; n += 1) files[`sessions/${folder}/${n}`] = "";
    }
    await put(home, files);
    expect((await listKept(home, { maxCounted: 1_000 })).files).toBe(900);
    const refused = (await failureOf(
      listKept(home, { maxCounted: 350 }),
    )) as Refusal;
    expect(refused).toMatchObject({ status: 413, code: "keep_too_large" });
    // Also within a folder, and then in no other.
    expect(refused.extra.files).toBeGreaterThanOrEqual(347);
    expect(refused.extra.files).toBeLessThan(350 + 64);
  });

  test("a file that changes while it is sent cuts the archive off", async () => {
    const daemon = await claimed();
    const noise = randomBytes(32 * 1024 * 1024);
    await put(daemon.home, {
      "sessions/s/a": noise,
      "sessions/s/z": "the same length 1",
    });
    const response = await fetch(`${daemon.url}/keep`, {
      method: "POST",
      headers: { authorization: `Bearer ${daemon.key}` },
    });
    // The first is too large for the buffers on the way: the last is unread.
    await put(daemon.home, { "sessions/s/z": "the same length 2" });
    expect(response.status).toBe(200);
    expect(await failureOf(response.arrayBuffer())).not.toBeNull();
    await eventually("the daemon is free again", async () => {
      return (await daemon.call("POST", "/restore")).status === 422;
    });
    expect((await keep(daemon)).digest).toBe(await digestAt(daemon.home));
  });

  test("one at a time; a reader that leaves sets it free", async () => {
    const daemon = await claimed();
    const noise = randomBytes(32 * 1024 * 1024);
    await put(daemon.home, { "sessions/s/a": noise });
    const leave = new AbortController();
    const response = await fetch(`${daemon.url}/keep`, {
      method: "POST",
      headers: { authorization: `Bearer ${daemon.key}` },
      signal: leave.signal,
    });
    const busy = { status: 409, body: { code: "busy" } };
    expect(await daemon.call("POST", "/keep")).toMatchObject(busy);
    const kept = await archiveOf([]);
    expect(await restore(daemon, kept)).toMatchObject(busy);
    const turn = {
      turnId: "t",
      sessionId: "s",
      text: "hi",
      skill: { name: "a", path: "/a", key: "a/b/c" },
    };
    const begun = await daemon.call("POST", "/turns", { body: turn });
    expect(begun).toMatchObject(busy);
    leave.abort();
    expect(await failureOf(response.arrayBuffer())).not.toBeNull();
    await eventually("it is free", async () => {
      return (await restore(daemon, kept)).status === 200;
    });
  });
});
