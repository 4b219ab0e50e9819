/** What a daemon refuses to restore, and what a kill in the middle leaves. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { MAX_BYTES } from "../../sandboxd/keep/parts";
import { rootWithoutAgent, startDaemon, type Daemon } from "./sandboxd-harness";
import {
  archiveOf,
  digestAt,
  keep,
  put,
  restore,
  workOf,
  type Item,
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
  const daemon = await startDaemon(root, { home });
  cleanups.push(daemon.close);
  expect(await readFile(join(home, "sessions/s/file"), "utf8")).toBe("new");
  expect(await readdir(join(home, ".hermes"))).toEqual(["state.db"]);
  expect(await readFile(join(home, ".hermes/state.db"), "utf8")).toBe("new");
  expect(await workOf(daemon)).toEqual([]);
});
