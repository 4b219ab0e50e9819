import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { api, internal } from "../../convex/_generated/api";
import { requireLink } from "../../convex/model/skills/resolution";
import { createSkillHost } from "../../emulators/skillhost";
import type { SkillHost } from "../../emulators/skillhost";
import { commitAll, git } from "./repositories";
import { backend, failureOf, openSkill } from "./skills-support";

/** Real public skills, where they are at hand. */
const SHARED = process.env.SLIPWAY_SHARED_SKILLS ?? "../shared/skills";

let root: string;
let host: SkillHost;
/** Answers nothing: a git host that cannot be reached. */
let silent: Server;
/** Where the archives of git.example are. */
let archives: Server;

type Server = { url: string; asked: number; close: () => void };

function serve(answer: (request: Request) => Response | Promise<Response>) {
  const counted: Server = { url: "", asked: 0, close: () => {} };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      counted.asked++;
      return answer(request);
    },
  });
  counted.url = `http://127.0.0.1:${server.port}`;
  counted.close = () => void server.stop(true);
  return counted;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-open-"));
  const repo = join(root, "skills/ada/tools");
  const manifest = (name: string) =>
    `---\nname: ${name}\ndescription: About ${name}\n---\n# ${name}\n`;
  await Bun.write(join(repo, "skills/one/SKILL.md"), manifest("one"));
  await Bun.write(join(repo, "skills/one/run.sh"), "echo one\n");
  await Bun.write(join(repo, "skills/a/same/SKILL.md"), manifest("same"));
  await Bun.write(join(repo, "skills/b/same/SKILL.md"), manifest("same"));
  await Bun.write(join(repo, "skills/bad/SKILL.md"), "---\nname: bad\n---\n");
  await commitAll(repo);
  await git(repo, "checkout", "-q", "-b", "next/version");
  await Bun.write(
    join(repo, "skills/two/SKILL.md"),
    manifest("two").replace("\n---\n#", "\nenv: [TWO_KEY]\n---\n#"),
  );
  await commitAll(repo);
  await git(repo, "checkout", "-q", "main");
  await git(repo, "branch", "stand");
  await git(repo, "tag", "v1");
  await Bun.write(join(root, "skills/ada/api/SKILL.md"), manifest("api"));
  await commitAll(join(root, "skills/ada/api"));

  host = await createSkillHost({
    dataDir: join(root, "data"),
    examplesDir: join(import.meta.dir, "../../examples/skills"),
    skillsDir: join(root, "skills"),
  });
  silent = serve(() => new Response("busy", { status: 503 }));
  archives = serve((request) =>
    fetch(host.url + new URL(request.url).pathname),
  );
  process.env.SLIPWAY_GIT_HOSTS = JSON.stringify([
    { host: "local", gitUrl: host.url, archiveUrl: host.url },
    { host: "github.com", gitUrl: silent.url, archiveUrl: silent.url },
    { host: "git.example", gitUrl: host.url, archiveUrl: archives.url },
  ]);
});

afterAll(async () => {
  delete process.env.SLIPWAY_GIT_HOSTS;
  silent.close();
  archives.close();
  await host.close();
  await rm(root, { recursive: true, force: true });
});

describe("a link to a skill", () => {
  test("opens with all that its page shows, pinned to the commit", async () => {
    const t = backend();
    const sha = await git(join(root, "skills/ada/tools"), "rev-parse", "main");
    const skill = await openSkill(t, "https://github.com/Ada/Tools/skills/one");
    expect(skill).toMatchObject({
      key: "local/ada/tools/skills/one",
      sha,
      name: "one",
      description: "About one",
      body: "# one",
      link: "/ada/tools/one",
      findings: [],
      files: [
        { path: "SKILL.md", executable: false },
        { path: "run.sh", size: 9 },
      ],
    });
  });

  test("is the same skill in every form it is pasted", async () => {
    const t = backend();
    const first = await openSkill(t, "ada/tools/one");
    for (const link of [
      "/ada/tools/one/",
      "ada/tools/skills/one/SKILL.md",
      first.key,
      `http://127.0.0.1:3000${first.link}`,
      "https://github.com/ada/tools/tree/main/skills/one",
      "https://github.com/ada/tools/blob/main/skills/one/SKILL.md",
      "https://raw.githubusercontent.com/ada/tools/HEAD/skills/one/SKILL.md",
    ]) {
      expect(await openSkill(t, link)).toEqual(first);
    }
  });

  test("on another branch keeps that branch in its page's path", async () => {
    const t = backend();
    const skill = await openSkill(
      t,
      "https://github.com/ada/tools/tree/next/version/skills/two",
    );
    expect(skill.link).toBe("/ada/tools/tree/next/version/skills/two");
    expect(await openSkill(t, skill.link)).toEqual(skill);
    expect(skill.secrets).toEqual(["TWO_KEY"]);
    expect((await openSkill(t, "ada/tools/one")).secrets).toBeUndefined();
  });

  test("opened first on a branch that stands where the default one does", async () => {
    const t = backend();
    const asked = requireLink("ada/tools/one", { hosts: ["local"] });
    const answered = () =>
      t.query(internal.skills.known, { link: asked, hosts: ["local"] });
    const rowLink = () =>
      t.run(async (ctx) => (await ctx.db.query("skills").first())?.link);

    const first = await openSkill(t, "ada/tools/tree/stand/skills/one");
    expect(first.link).toBe("/ada/tools/tree/stand/skills/one");
    expect(await rowLink()).toBe("/ada/tools/one");

    // As when the default branch came to it only later.
    await t.run(async (ctx) => {
      const row = await ctx.db.query("skills").first();
      if (row) await ctx.db.patch("skills", row._id, { link: first.link });
    });
    expect((await answered()).answer).toMatchObject({
      skill: { link: "/ada/tools/one" },
    });
    await t.action(internal.node.skills.resolve, { link: asked });
    expect(await rowLink()).toBe("/ada/tools/one");
  });

  test("at a tag keeps that tag in its page's path", async () => {
    const link =
      "https://raw.githubusercontent.com/ada/tools/refs/tags/v1/skills/one/SKILL.md";
    const skill = await openSkill(backend(), link);
    expect(skill.link).toBe("/ada/tools/tree/v1/skills/one");
  });

  test("an owner's or repository's name the app needs is no obstacle", async () => {
    const skill = await openSkill(backend(), "ada/api");
    expect(skill).toMatchObject({ path: "", link: "/ada/api", name: "api" });
  });

  test("the later of two records gives way, with its archive", async () => {
    const t = backend();
    const first = await openSkill(t, "ada/tools/one");
    const { createdAt: _createdAt, ...skill } = first;
    const storageId = await t.run((ctx) => ctx.storage.store(new Blob(["x"])));
    const again = await t.mutation(internal.skills.recordSkill, {
      skill: { ...skill, digest: "other" },
      storageId,
    });
    expect(again).toEqual(first);
    const left = await t.run((ctx) => ctx.db.system.get("_storage", storageId));
    expect(left).toBeNull();
  });

  test("an archive whose record fails is not left behind", async () => {
    const t = backend();
    await openSkill(t, "ada/tools/one");
    await t.run(async (ctx) => {
      const [row] = await ctx.db.query("skills").take(1);
      if (!row) throw new Error("It was not recorded.");
      const { _id, _creationTime, ...fields } = row;
      await ctx.db.insert("skills", fields); // now no record of it can be read
      for (const listing of await ctx.db.query("listings").take(9)) {
        await ctx.db.delete(listing._id);
      }
    });
    const link = requireLink("ada/tools/one", { hosts: ["local"] });
    const opening = t.action(internal.node.skills.resolve, { link });
    expect((await failureOf(opening)).code).toBe("internal");
    const kept = await t.run((ctx) =>
      ctx.db.system.query("_storage").collect(),
    );
    expect(kept).toHaveLength(1);
  });

  test("a list of files too long for a record is cut, and says so", async () => {
    const repo = join(root, "skills/ada/wide");
    const manifest = "---\nname: wide\ndescription: Wide\n---\n";
    await Bun.write(join(repo, "SKILL.md"), manifest);
    const long = Array(4).fill("語".repeat(80)).join("/");
    for (let index = 0; index < 990; index += 1) {
      await Bun.write(join(repo, long, `${index}`), "");
    }
    await commitAll(repo);
    const skill = await openSkill(backend(), "ada/wide");
    expect(skill.files.length + (skill.moreFiles ?? 0)).toBe(991);
    expect(JSON.stringify(skill).length).toBeLessThan(400 * 1024);
    expect(skill.files[0]?.path).toBe("SKILL.md");
  });

  test("the stored archive is what the sandbox installs", async () => {
    const t = backend();
    const { files } = await openSkill(t, "ada/tools/one");
    const bytes = await t.run(async (ctx) => {
      const [row] = await ctx.db.query("skills").take(1);
      const blob = row && (await ctx.storage.get(row.storageId));
      return blob ? await blob.arrayBuffer() : null;
    });
    const tar = gunzipSync(bytes ?? new ArrayBuffer()).toString("latin1");
    for (const { path } of files) expect(tar).toContain(path);
  });
});

describe("a link that means several skills", () => {
  test("gives the choices, each with a link that opens it", async () => {
    const t = backend();
    for (const link of ["ada/tools", "ada/tools/same"]) {
      const answer = await t.action(api.skills.open, { link });
      if (answer.kind !== "choices") throw new Error("It is one skill.");
      expect(answer.choices.map((choice) => choice.path)).toContain(
        "skills/a/same",
      );
      for (const choice of answer.choices) {
        const skill = await openSkill(t, choice.link);
        expect(skill.path).toBe(choice.path);
      }
    }
  });

  test.each([
    ["ada/tools", "/ada/tools"],
    ["ada/tools/same", "/ada/tools/same"],
    ["https://github.com/ada/tools/tree/main/skills", "/ada/tools/skills"],
    [
      "https://github.com/ada/tools/tree/next/version",
      "/ada/tools/tree/next/version",
    ],
    ["git.example/ada/tools/same", "/git.example/ada/tools/same"],
  ])("has a page of its own: %s", async (link, page) => {
    const t = backend();
    const first = await t.action(api.skills.open, { link });
    if (first.kind !== "choices") throw new Error("It is one skill.");
    expect(first.link).toBe(page);
    expect(await t.action(api.skills.open, { link: page })).toEqual(first);
  });

  test("the examples are listed from records once they were opened", async () => {
    const t = backend();
    expect(await t.query(api.skills.examples)).toEqual([]);
    await t.action(api.skills.open, { link: "slipway/examples" });
    const examples = await t.query(api.skills.examples);
    expect(examples.length).toBeGreaterThanOrEqual(5);
    expect(examples[0]).toMatchObject({
      name: "accessible-html-review",
      link: "/slipway/examples/accessible-html-review",
    });
  });
});

describe("a link that does not open", () => {
  test.each([
    ["javascript:alert(1)", "bad_link", false],
    ["ada/tools/../x", "bad_link", false],
    ["https://gitlab.example/ada/tools", "host_not_allowed", false],
    ["ada/tools/three", "skill_not_found", false],
    ["ada/tools/bad", "skill_invalid", false],
    ["local/ada/nothing", "repo_not_found", false],
    ["ada/nothing/x", "repo_unreachable", true],
    ["https://github.com/ada/tools/tree/no/such", "skill_not_found", false],
  ])("%s: %s", async (link, code, retryable) => {
    const t = backend();
    const failure = await failureOf(t.action(api.skills.open, { link }));
    expect(failure).toMatchObject({ code, retryable });
    expect(failure.next).not.toBe("");
    const left = await t.run((ctx) => ctx.db.query("skills").take(1));
    expect(left).toEqual([]);
  });

  test("a refused archive is not downloaded again at each look", async () => {
    const repo = join(root, "skills/ada/icon");
    const manifest = "---\nname: icon\ndescription: Icon\n---\n";
    await Bun.write(join(repo, "SKILL.md"), manifest);
    await Bun.write(join(repo, "Icon\r"), "");
    await commitAll(repo);
    const t = backend();
    const look = () =>
      failureOf(t.action(api.skills.open, { link: "git.example/ada/icon" }));
    const before = archives.asked;
    const first = await look();
    expect(first.code).toBe("archive_hostile");
    expect(await look()).toEqual(first);
    expect(archives.asked - before).toBe(1);
  });

  test("names what is there instead", async () => {
    const t = backend();
    const open = t.action(api.skills.open, { link: "ada/tools/three" });
    expect((await failureOf(open)).message).toContain("one");
  });

  test("a host that falls silent is answered for by its last word", async () => {
    const t = backend();
    const sha = "1".repeat(40);
    const repository = "github.com/ada/gone";
    await t.run(async (ctx) => {
      await ctx.db.insert("resolutions", {
        repository,
        head: {
          kind: "found",
          owner: "ada",
          repo: "gone",
          branch: "main",
          sha,
        },
        checkedAt: 1,
      });
      const entry = { description: "d", listed: true };
      const skills = ["x", "y"].map((name) => ({ ...entry, path: name, name }));
      await ctx.db.insert("listings", { repository, sha, skills });
    });
    const answer = await t.action(api.skills.open, { link: "ada/gone" });
    expect(answer).toMatchObject({ kind: "choices", sha, staleSince: 1 });
  });
});

test.skipIf(!existsSync(SHARED))(
  "every real skill at hand opens from its link",
  async () => {
    const t = backend();
    for (const owner of await readdir(SHARED)) {
      if (owner.endsWith(".md")) continue;
      for (const repo of await readdir(join(SHARED, owner))) {
        const copy = join(root, "skills", owner, repo);
        await cp(join(SHARED, owner, repo), copy, { recursive: true });
        await commitAll(copy);
        const link = `${owner}/${repo}`;
        const answer = await t.action(api.skills.open, { link });
        if (answer.kind !== "choices") throw new Error("It is one skill.");
        const folders = await readdir(join(copy, "skills"));
        const named = answer.choices.map((c) => c.path.split("/").at(-1));
        expect(named.sort()).toEqual(folders.sort());
        for (const choice of answer.choices) {
          const skill = await openSkill(t, choice.link);
          expect(skill.description.length).toBeGreaterThan(10);
          expect(skill.body).not.toBe("");
        }
      }
    }
  },
  30_000,
);
