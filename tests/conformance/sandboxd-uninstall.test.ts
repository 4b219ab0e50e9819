/** How a skill leaves a sandbox, and what the daemon tells of one that is lost. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
} from "bun:test";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { digestOnDisk } from "../../sandboxd/digest";
import {
  install,
  leftoversOf,
  listedBy,
  rootWithoutAgent,
  simpleSkill,
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

describe("uninstalling", () => {
  const installAs = (skill: Skill, id: string) =>
    install(daemon, skill, { "x-install-id": id });
  const uninstall = (skill: Skill, id: string) =>
    daemon.call("DELETE", "/skills", {
      headers: {
        "x-skill-key": encodeURIComponent(skill.key),
        "x-skill-digest": skill.digest,
        "x-install-id": id,
      },
    });

  test("takes one version and leaves the other", async () => {
    const old = await simpleSkill("local/acme/tools/versions", "old");
    const young = await simpleSkill(old.key, "young");
    const path = String((await installAs(old, "i1")).body.path);
    const kept = String((await installAs(young, "i2")).body.path);
    expect(await uninstall(old, "i1")).toEqual({
      status: 200,
      body: { digest: old.digest, removed: true },
    });
    const left = await readdir(join(path, ".."));
    expect(left.sort()).toEqual(
      [`@${young.digest}`, `@${young.digest}.json`].sort(),
    );
    expect(await digestOnDisk(kept)).toBe(young.digest);
    const { body } = await daemon.call("GET", "/health");
    expect(body.skills).not.toContainEqual({
      key: old.key,
      sha: old.sha,
      digest: old.digest,
    });
    const config = await readFile(
      join(daemon.home, ".hermes/config.yaml"),
      "utf8",
    );
    expect(config).toContain(young.digest);
    expect(config).not.toContain(old.digest);
    expect(await leftoversOf(daemon)).toEqual([]);
    expect((await uninstall(old, "i1")).body.removed).toBe(false);
  });

  test("that comes after a newer install, even of the same, is refused", async () => {
    const skill = await simpleSkill("local/acme/tools/late");
    await installAs(skill, "i1");
    const path = String((await installAs(skill, "i2")).body.path);
    expect(await uninstall(skill, "i1")).toMatchObject({
      status: 409,
      body: { code: "reinstalled" },
    });
    expect(await digestOnDisk(path)).toBe(skill.digest);
    expect(await listedBy(daemon)).toContain(skill.key);
    expect((await uninstall(skill, "i2")).body.removed).toBe(true);
    expect(await listedBy(daemon)).not.toContain(skill.key);
  });

  test("does not touch what nobody can name", async () => {
    const skill = await simpleSkill("local/acme/tools/unnamed");
    await install(daemon, skill);
    expect((await uninstall(skill, "i1")).status).toBe(409);
    const bad = { ...skill, key: "local/acme/../../x" };
    expect((await uninstall(bad, "i1")).status).toBe(422);
    expect((await uninstall(skill, "no id!")).status).toBe(422);
  });

  test("survives a restart: the note says which install it was", async () => {
    const first = await startDaemon(root);
    await first.claim();
    const skill = await simpleSkill("local/acme/tools/noted");
    await install(first, skill, { "x-install-id": "i1" });
    await first.kill();
    const second = await startDaemon(root, { home: first.home });
    cleanups.push(second.close);
    await second.claim();
    const remove = (id: string) =>
      second.call("DELETE", "/skills", {
        headers: {
          "x-skill-key": encodeURIComponent(skill.key),
          "x-skill-digest": skill.digest,
          "x-install-id": id,
        },
      });
    expect((await remove("i0")).status).toBe(409);
    expect((await remove("i1")).body.removed).toBe(true);
  });
});

test("a skill whose folder was deleted is no longer told of", async () => {
  const skill = await simpleSkill("local/acme/tools/deleted");
  const path = String((await install(daemon, skill)).body.path);
  await rm(path, { recursive: true });
  expect(await listedBy(daemon)).not.toContain(skill.key);
  expect((await install(daemon, skill)).body.alreadyPresent).toBe(false);
  expect(await listedBy(daemon)).toContain(skill.key);
});
