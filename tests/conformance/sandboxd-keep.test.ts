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
import { createHash, randomBytes } from "node:crypto";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
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
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack, type Headers as TarHeader } from "tar-stream";
import { MAX_BYTES, MAX_FILES } from "../../sandboxd/keep/parts";
import {
  digestOfListing,
  hashFiles,
  listKept,
} from "../../sandboxd/keep/listing";
import {
  eventually,
  rootWithoutAgent,
  startDaemon,
  type Answer,
  type Daemon,
} from "./sandboxd-harness";

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

async function daemonAt(home?: string): Promise<Daemon> {
  const daemon = await startDaemon(root, home ? { home } : {});
  cleanups.push(daemon.close);
  await daemon.claim();
  return daemon;
}

type Content = string | Buffer;

async function put(home: string, files: Record<string, Content>) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), content);
  }
}

type Archive = { packed: Uint8Array; digest: string; headers: Headers };

async function keep(daemon: Daemon): Promise<Archive> {
  const response = await fetch(`${daemon.url}/keep`, {
    method: "POST",
    headers: { authorization: `Bearer ${daemon.key}` },
  });
  expect(response.status).toBe(200);
  const packed = new Uint8Array(await response.arrayBuffer());
  const digest = response.headers.get("x-slipway-digest") ?? "";
  return { packed, digest, headers: response.headers };
}

const restore = (
  daemon: Daemon,
  { packed, digest }: Pick<Archive, "packed" | "digest">,
): Promise<Answer> =>
  daemon.call("POST", "/restore", {
    raw: packed,
    headers: { "x-slipway-digest": digest },
  });

async function digestAt(home: string): Promise<string> {
  const listing = await listKept(home);
  return digestOfListing(listing, await hashFiles(home, listing));
}

const workOf = async ({ home }: Daemon) => {
  try {
    return await readdir(join(home, ".slipway/restore"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};

describe("a round trip", () => {
  test("odd names, permissions, times, links and a large file come back", async () => {
    const from = await daemonAt();
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

    const to = await daemonAt();
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
    const from = await daemonAt();
    const kept = await keep(from);
    expect(kept.headers.get("x-slipway-files")).toBe("0");
    const to = await daemonAt();
    await put(to.home, { "sessions/s/file": "x", ".hermes/state.db-wal": "x" });
    expect((await restore(to, kept)).body).toMatchObject({ files: 0 });
    expect(await readdir(join(to.home, ".hermes"))).toEqual([]);
  });

  test("a read-only folder in what was there before is no obstacle", async () => {
    const to = await daemonAt();
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
    const daemon = await daemonAt();
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
    const daemon = await daemonAt();
    const folder = join(daemon.home, "sessions/s");
    await mkdir(folder, { recursive: true });
    const script = `for (let i = 0; i <= ${MAX_FILES}; i++) require("fs").writeFileSync(process.argv[1] + "/" + i, "")`;
    Bun.spawnSync(["node", "-e", script, folder]);
    expect(await daemon.call("POST", "/keep")).toMatchObject({
      status: 413,
      body: { code: "keep_too_large", bytes: 0, files: MAX_FILES + 1 },
    });
    await rm(join(folder, "0"));
    const kept = await keep(daemon);
    expect(kept.headers.get("x-slipway-files")).toBe(String(MAX_FILES));
    const to = await daemonAt();
    expect((await restore(to, kept)).status).toBe(200);
  });

  test("a file that changes while it is sent cuts the archive off", async () => {
    const daemon = await daemonAt();
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
    const daemon = await daemonAt();
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

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return null;
  } catch (error) {
    return error;
  }
}

type Item = Partial<TarHeader> & { name: string; content?: string };

/** An archive that somebody else made, with the digest it would have. */
async function archiveOf(items: Item[]): Promise<Archive> {
  const tar = pack();
  const digest = createHash("sha256");
  for (const { content = "", ...header } of items) {
    tar.entry(header, content);
    const link = header.type === "symlink";
    const hash = createHash("sha256")
      .update(link ? header.linkname! : content)
      .digest("hex");
    digest.update(`${header.name}\0${link ? "l" : "-"}\0${hash}\n`);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const packed = gzipSync(Buffer.concat(chunks));
  return { packed, digest: digest.digest("hex"), headers: new Headers() };
}

describe("an archive that is not right changes nothing", () => {
  let daemon: Daemon;
  let before: string;
  beforeAll(async () => {
    daemon = await startDaemon(root);
    await daemon.claim();
    await put(daemon.home, { "sessions/s/mine": "mine" });
    before = await digestAt(daemon.home);
  });
  afterAll(() => daemon.close());
  afterEach(async () => {
    expect(await digestAt(daemon.home)).toBe(before);
    expect(await workOf(daemon)).toEqual([]);
  });

  const file = { name: "sessions/s/file", content: "x" };
  const link = (name: string, linkname: string): Item => {
    return { name, type: "symlink", linkname };
  };
  const hostile: [string, Item[]][] = [
    ["an absolute path", [{ name: "/sessions/x" }]],
    ["a path that climbs", [{ name: "sessions/../.bashrc" }]],
    ["a path of ours", [{ name: ".slipway/claim.json" }]],
    ["the agent's config", [{ name: ".hermes/config.yaml" }]],
    ["a file where a folder belongs", [{ name: "sessions" }]],
    ["a database that is a link", [link(".hermes/state.db", "../sessions/x")]],
    ["a link out", [link("sessions/s/l", "../../.slipway/claim.json")]],
    ["an absolute link", [link("sessions/s/l", "/etc/passwd")]],
    [
      "a file below a link",
      [link("sessions/d", "s"), { name: "sessions/d/x" }],
    ],
    ["a file below a file", [file, { name: "sessions/s/file/x" }]],
    ["one path twice", [file, file]],
    ["a device", [{ name: "sessions/s/d", type: "character-device" }]],
    ["a pipe", [{ name: "sessions/s/p", type: "fifo" }]],
    ["a hard link", [{ name: "sessions/h", type: "link", linkname: "/etc/x" }]],
    ["a path too long", [{ name: `sessions/${"d/".repeat(3_000)}x` }]],
  ];
  test.each(hostile)("%s", async (_what, items) => {
    expect(await restore(daemon, await archiveOf(items))).toMatchObject({
      status: 422,
      body: { code: "archive_hostile" },
    });
  });

  test("cut off, garbled, not gzip, empty", async () => {
    const { packed, digest } = await archiveOf([file]);
    const garbled = Uint8Array.from(packed);
    garbled[garbled.length - 6]! ^= 1; // its checksum
    for (const bytes of [
      packed.subarray(0, packed.length - 20),
      garbled,
      Buffer.from("<html>"),
      gzipSync("x".repeat(2_000)),
      new Uint8Array(),
    ]) {
      expect(await restore(daemon, { packed: bytes, digest })).toMatchObject({
        status: 422,
        body: { code: "archive_hostile" },
      });
    }
  });

  test("packed small, unpacked too large", async () => {
    const tar = pack();
    const zeros = Buffer.alloc(MAX_BYTES / 2 + 1);
    tar.entry({ name: "sessions/s/a" }, zeros);
    tar.entry({ name: "sessions/s/b" }, zeros);
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    const packed = gzipSync(Buffer.concat(chunks), { level: 1 });
    const digest = "0".repeat(64);
    expect(await restore(daemon, { packed, digest })).toMatchObject({
      status: 413,
      body: { code: "keep_too_large" },
    });
  });

  test("another digest, or none", async () => {
    const { packed, digest } = await archiveOf([file]);
    const other = await archiveOf([{ ...file, content: "y" }]);
    expect(await restore(daemon, { packed, digest: other.digest })).toEqual({
      status: 409,
      body: expect.objectContaining({ code: "digest_mismatch", digest }),
    });
    expect((await restore(daemon, { packed, digest: "" })).status).toBe(422);
  });
});

test("killed at any moment of a restore: all of the old or all of the new", async () => {
  const source = await mkdtemp(join(tmpdir(), "slipway-keep-"));
  cleanups.push(() => rm(source, { recursive: true, force: true }));
  const entries = Array.from({ length: 400 }, (_, at) => [
    `sessions/s${at % 20}/file-${at}`,
    `new ${at}`,
  ]);
  await put(source, {
    ...Object.fromEntries(entries),
    ".hermes/state.db": "n",
  });
  const from = await startDaemon(root, { home: source });
  await from.claim();
  const kept = await keep(from);
  await from.kill();

  const home = await mkdtemp(join(tmpdir(), "slipway-keep-"));
  cleanups.push(() => rm(home, { recursive: true, force: true }));
  let took = 0;
  const seen = new Set<boolean>();
  for (let round = 0; round < 12; round++) {
    await rm(join(home, "sessions"), { recursive: true, force: true });
    await put(home, {
      "sessions/old/file": `${round}`,
      ".hermes/state.db": "o",
      ".hermes/state.db-wal": "o",
    });
    const old = await digestAt(home);
    const daemon = await startDaemon(root, { home });
    await daemon.claim();
    const began = performance.now();
    const answered = restore(daemon, kept).then(
      (answer) => answer.status,
      () => "broken" as const,
    );
    if (round === 0) {
      expect(await answered).toBe(200); // how long one takes, undisturbed
      took = performance.now() - began;
    } else {
      await Bun.sleep((took * round) / 11); // what is swept is time itself
    }
    await daemon.kill();
    await answered;
    const next = await startDaemon(root, { home });
    const now = await digestAt(home);
    expect([old, kept.digest]).toContain(now);
    seen.add(now === old);
    expect(await workOf(next)).toEqual([]);
    await next.claim();
    expect((await restore(next, kept)).status).toBe(200);
    expect(await digestAt(home)).toBe(kept.digest);
    await next.kill();
  }
  expect(seen.size).toBe(2);
});

test("what a restart finishes: a part that is in place stays, the rest follows", async () => {
  const home = await mkdtemp(join(tmpdir(), "slipway-keep-"));
  cleanups.push(() => rm(home, { recursive: true, force: true }));
  const committed = ".slipway/restore/committed";
  await put(home, {
    // Killed after the workspaces were swapped and the old database was set aside.
    "sessions/s/file": "new",
    ".hermes/state.db-wal": "old",
    ".hermes/state.db-shm": "old",
    [`${committed}/plan.json`]: '["sessions",".hermes/state.db"]',
    [`${committed}/new/.hermes/state.db`]: "new",
    [`${committed}/old/1/s/file`]: "old",
    [`${committed}/old/2`]: "old database",
    ".slipway/restore/half-unpacked/new/sessions/x": "never",
  });
  const daemon = await daemonAt(home);
  expect(await readFile(join(home, "sessions/s/file"), "utf8")).toBe("new");
  expect(await readdir(join(home, ".hermes"))).toEqual(["state.db"]);
  expect(await readFile(join(home, ".hermes/state.db"), "utf8")).toBe("new");
  expect(await workOf(daemon)).toEqual([]);
  expect((await lstat(join(home, "sessions"))).isDirectory()).toBe(true);
});
