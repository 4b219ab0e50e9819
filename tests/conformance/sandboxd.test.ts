/** The daemon's own routes, as built, under Node; no agent is needed here. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
} from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import {
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestOnDisk } from "../../sandboxd/digest";
import {
  configFor,
  install,
  leftoversOf,
  listedBy,
  rootWithoutAgent,
  simpleSkill,
  skillOf,
  startDaemon,
  type Daemon,
  type Skill,
} from "./sandboxd-harness";

let root: string;
let daemon: Daemon;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

beforeAll(async () => {
  root = await rootWithoutAgent();
  daemon = await startDaemon(root);
  await daemon.claim();
});

afterAll(async () => {
  await daemon?.close();
  await rm(root, { recursive: true, force: true });
});

describe("the claim", () => {
  test("without one every route is 503, with a wrong key 401", async () => {
    const fresh = await startDaemon(root);
    cleanups.push(fresh.close);
    const unclaimed = { status: 503, body: { code: "unclaimed" } };
    expect(await fresh.call("GET", "/health")).toMatchObject(unclaimed);
    expect(await fresh.call("PUT", "/config")).toMatchObject(unclaimed);
    expect(await fresh.call("GET", "/nowhere")).toMatchObject(unclaimed);
    await fresh.claim();
    expect((await fresh.call("GET", "/health")).status).toBe(200);
    for (const authorization of ["", "Bearer ", `Bearer ${fresh.key}x`]) {
      const init = { headers: { authorization } };
      expect(await fresh.call("GET", "/health", init)).toMatchObject({
        status: 401,
        body: { code: "unauthorized" },
      });
    }
  });

  test("a new file is taken at once; a broken one locks", async () => {
    const file = join(daemon.home, ".slipway/claim.json");
    const key = randomBytes(20).toString("hex");
    await writeFile(file, JSON.stringify({ key, generation: 2 }));
    expect((await daemon.call("GET", "/health")).status).toBe(401);
    const headers = { authorization: `Bearer ${key}` };
    const { body } = await daemon.call("GET", "/health", { headers });
    expect(body.generation).toBe(2);
    await writeFile(file, '{"key":');
    expect((await daemon.call("GET", "/health", { headers })).status).toBe(503);
    await daemon.claim();
    expect((await daemon.call("GET", "/health")).status).toBe(200);
  });

  test("one that arrived before the daemon ran is of this boot", async () => {
    const first = await startDaemon(root);
    await first.claim();
    await first.kill();
    const second = await startDaemon(root, { home: first.home });
    cleanups.push(second.close);
    const { body } = await second.call("GET", "/health");
    expect(body.code).toBe("unauthorized"); // known, and not that one's key
  });

  test("one from a former boot is gone; config and skills are not", async () => {
    const first = await startDaemon(root);
    await first.claim();
    const skill = await simpleSkill("local/acme/kept/one");
    await install(first, skill);
    const config = configFor("http://127.0.0.1:1/v1");
    await first.call("PUT", "/config", { body: { writeToken: 3, config } });
    const before = (await first.call("GET", "/health")).body;
    await first.kill();
    // Written before the sandbox that the next daemon wakes up in was started.
    const claim = join(first.home, ".slipway/claim.json");
    await utimes(claim, new Date(0), new Date(0));

    const second = await startDaemon(root, { home: first.home });
    cleanups.push(second.close);
    expect((await second.call("GET", "/health")).status).toBe(503);
    await second.claim();
    const after = (await second.call("GET", "/health")).body;
    expect(after.boot).not.toBe(before.boot);
    expect(after.config).toEqual(before.config);
    expect(after.skills).toEqual([
      { key: skill.key, sha: skill.sha, digest: skill.digest },
    ]);
  });
});

describe("installing", () => {
  test("places the content, and again changes nothing", async () => {
    const skill = await simpleSkill("local/acme/tools/one");
    const first = await install(daemon, skill);
    const path = join(
      daemon.home,
      `.slipway/skills/local/acme/tools/one/@${skill.digest}`,
    );
    expect(first).toEqual({
      status: 200,
      body: { digest: skill.digest, path, alreadyPresent: false },
    });
    expect(await digestOnDisk(path)).toBe(skill.digest);
    expect((await stat(join(path, "scripts/a.sh"))).mode & 0o777).toBe(0o755);
    const second = await install(daemon, skill);
    expect(second.body.alreadyPresent).toBe(true);
    expect(await leftoversOf(daemon)).toEqual([]);
  });

  test("repairs content that was changed on disk", async () => {
    const skill = await simpleSkill("local/acme/tools/repaired");
    const path = String((await install(daemon, skill)).body.path);
    await writeFile(join(path, "SKILL.md"), "tampered");
    expect((await install(daemon, skill)).body.alreadyPresent).toBe(false);
    expect(await digestOnDisk(path)).toBe(skill.digest);
    await symlink("/etc/passwd", join(path, "link"));
    expect((await install(daemon, skill)).body.alreadyPresent).toBe(false);
  });

  test("ten at once, and ten times the same, lose nothing", async () => {
    const skills = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        simpleSkill(`local/many/r${at}/same`),
      ),
    );
    const same = skills[0]!;
    const all = [...skills, ...Array.from({ length: 10 }, () => same)];
    const answers = await Promise.all(all.map((one) => install(daemon, one)));
    expect(answers.map(({ status }) => status)).toEqual(all.map(() => 200));
    const keys = await listedBy(daemon);
    for (const { key } of skills) expect(keys).toContain(key);
    const names = await readdir(join(daemon.home, ".slipway/names"));
    expect(names.filter((name) => name.startsWith("same@"))).toHaveLength(10);
    const config = JSON.parse(
      await readFile(join(daemon.home, ".hermes/config.yaml"), "utf8"),
    );
    for (const { digest } of skills) {
      const dirs: string[] = config.skills.external_dirs;
      expect(dirs.filter((dir) => dir.endsWith(`@${digest}`))).not.toBeEmpty();
    }
  });

  test("another content than its digest is 409 and leaves nothing", async () => {
    const skill = await simpleSkill("local/acme/tools/mismatch");
    const wrong = { ...skill, digest: "0".repeat(64) };
    expect(await install(daemon, wrong)).toMatchObject({
      status: 409,
      body: { code: "digest_mismatch", digest: skill.digest },
    });
    expect(await listedBy(daemon)).not.toContain(skill.key);
    expect(await leftoversOf(daemon)).toEqual([]);
  });

  test("what is not an archive, or has no SKILL.md, is refused", async () => {
    const skill = await simpleSkill("local/acme/tools/odd");
    const none = await skillOf(skill.key, { "README.md": "x" });
    for (const archive of [
      Buffer.from("no"),
      gzipSync("no tar"),
      none.archive,
    ]) {
      expect(await install(daemon, { ...skill, archive })).toMatchObject({
        status: 422,
        body: { code: "archive_hostile" },
      });
    }
    expect(await leftoversOf(daemon)).toEqual([]);
  });

  test("too large packed or unpacked is 413, a bomb too", async () => {
    const skill = await simpleSkill("local/acme/tools/large");
    const packed = randomBytes(10 * 1024 * 1024 + 1);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    for (const archive of [packed, bomb]) {
      expect(await install(daemon, { ...skill, archive })).toMatchObject({
        status: 413,
        body: { code: "archive_too_large" },
      });
    }
    expect((await daemon.call("GET", "/health")).status).toBe(200);
  });

  const hostile: [string, Partial<Skill>][] = [
    ["a key that climbs", { key: "local/acme/../../x" }],
    ["a key too short", { key: "local/acme" }],
    ["a key with a digest folder", { key: `local/a/b/@${"0".repeat(64)}` }],
    ["a key with a control character", { key: "local/acme/tools/a\nb" }],
    ["a sha that is none", { sha: "main" }],
    ["a digest in capitals", { digest: "A".repeat(64) }],
  ];
  for (const [what, change] of hostile) {
    test(`with ${what} is refused`, async () => {
      const skill = { ...(await simpleSkill("local/acme/tools/x")), ...change };
      expect((await install(daemon, skill)).status).toBe(422);
    });
  }
});

describe("the configuration", () => {
  test("is written by newer tokens only, and its hash is of what was given", async () => {
    const own = await startDaemon(root);
    cleanups.push(own.close);
    await own.claim();
    const config = configFor("http://127.0.0.1:1/v1");
    const put = (writeToken: unknown, value: unknown = config) =>
      own.call("PUT", "/config", { body: { writeToken, config: value } });
    const canonical =
      `{"maxTurns":8,"model":{"apiKey":"none","baseUrl":"http://127.0.0.1:1/v1",` +
      `"contextLength":131072,"name":"demo"}}`;
    const hash = createHash("sha256").update(canonical).digest("hex");
    expect(await put(7)).toEqual({
      status: 200,
      body: { writeToken: 7, hash },
    });
    for (const token of [7, 6]) {
      expect(await put(token)).toMatchObject({
        status: 409,
        body: { code: "stale_write_token", onDisk: 7 },
      });
    }
    const many = await Promise.all(
      [9, 12, 8, 11, 10].map((token) => put(token)),
    );
    expect(many.some(({ status }) => status === 200)).toBe(true);
    const { body } = await own.call("GET", "/health");
    expect(body.config).toEqual({ writeToken: 12, hash });
    for (const bad of [null, {}, { model: config.model }, "x"]) {
      expect((await put(99, bad)).status).toBe(422);
    }
    expect((await put("99")).status).toBe(422);
  });

  test("never shows a key in an answer or a log line", async () => {
    const secret = `sk-${randomBytes(8).toString("hex")}`;
    const config = configFor("http://127.0.0.1:1/v1", "demo", secret);
    await daemon.call("PUT", "/config", { body: { writeToken: 100, config } });
    const health = await daemon.call("GET", "/health");
    expect(JSON.stringify(health.body)).not.toContain(secret);
    expect(daemon.log()).not.toContain(secret);
    expect(daemon.log()).not.toContain(daemon.key);
    const file = join(daemon.home, ".hermes/config.yaml");
    expect((await stat(file)).mode & 0o077).toBe(0);
  });
});

describe("turns", () => {
  test("unknown ones are 404, bad requests 422, unknown skills 409", async () => {
    const skill = await simpleSkill("local/acme/tools/turns");
    const path = String((await install(daemon, skill)).body.path);
    const good = {
      turnId: "t",
      sessionId: "s",
      text: "hi",
      skill: { name: "one", path, key: skill.key },
    };
    const unknown = { status: 404, body: { code: "unknown_turn" } };
    expect(await daemon.call("GET", "/turns/none")).toMatchObject(unknown);
    expect(await daemon.call("POST", "/turns/none/stop")).toMatchObject(
      unknown,
    );
    const post = (change: object) =>
      daemon.call("POST", "/turns", { body: { ...good, ...change } });
    for (const bad of [
      { sessionId: "../x" },
      { turnId: "" },
      { text: " " },
      { skill: {} },
      { push: { url: "file:///etc/passwd", token: "t" } },
    ]) {
      expect((await post(bad)).status).toBe(422);
    }
    const elsewhere = { ...good.skill, path: "/etc" };
    expect(await post({ skill: elsewhere })).toMatchObject({
      status: 409,
      body: { code: "skill_not_installed" },
    });
  });

  test("the same id again answers the same turn", async () => {
    const skill = await simpleSkill("local/acme/tools/again");
    const path = String((await install(daemon, skill)).body.path);
    const body = {
      turnId: "same",
      sessionId: "s",
      text: "hi",
      skill: { name: "one", path, key: skill.key },
    };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => daemon.call("POST", "/turns", { body })),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      202, 202, 202, 202, 202,
    ]);
    const { body: turn } = await daemon.call("GET", "/turns/same?from=1");
    expect(turn.state).toBe("ended");
    expect(turn.events).toMatchObject([{ n: 1, kind: "end" }]);
  });
});

test("a body that is no JSON, or far too large, is refused and the daemon lives", async () => {
  const send = (raw: Buffer) => daemon.call("PUT", "/config", { raw });
  expect((await send(Buffer.from("{"))).status).toBe(422);
  expect((await send(Buffer.alloc(600 * 1024, 32))).status).toBe(413);
  expect((await daemon.call("GET", "/nowhere")).body.code).toBe(
    "unknown_route",
  );
});
