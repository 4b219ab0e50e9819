import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withArchive } from "../../convex/node/download";
import { resolveHead, resolveRef } from "../../convex/node/git";
import { listArchive, loadSkill } from "../../convex/node/repository";
import { toFailure } from "../../convex/model/errors";
import { parseLink } from "../../convex/model/skills/link";
import { choose, skillLink } from "../../convex/model/skills/resolution";
import { createSkillHost } from "../../emulators/skillhost";
import type { SkillHost } from "../../emulators/skillhost";
import { commitAll, git } from "./repositories";

const EXAMPLES_DIR = join(import.meta.dir, "../../examples/skills");

let root: string;
let host: SkillHost;
const gitHost = () => ({
  host: "local",
  gitUrl: host.url,
  archiveUrl: host.url,
});
const at = (path: string) => join(root, "skills", path);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-skillhost-"));
  await mkdir(at("Ada/Plain"), { recursive: true });
  await Bun.write(at("Ada/Plain/SKILL.md"), "---\ndescription: x\n---\n");

  await Bun.write(
    at("Ada/Tools/skills/one/SKILL.md"),
    "---\nname: one\ndescription: First\n---\nHello\n",
  );
  await commitAll(at("Ada/Tools"), "trunk");
  await git(at("Ada/Tools"), "checkout", "-q", "-b", "feature/two");
  await Bun.write(
    at("Ada/Tools/skills/two/SKILL.md"),
    "---\nname: two\ndescription: Second\n---\n",
  );
  await commitAll(at("Ada/Tools"));
  await git(at("Ada/Tools"), "checkout", "-q", "trunk");
  await git(root, "clone", "-q", "--bare", at("Ada/Tools"), at("bob/bare.git"));

  await cp(at("Ada/Tools"), join(root, "outside"), { recursive: true });
  await symlink(join(root, "outside"), at("Ada/escape"));
  await mkdir(at("Ada/empty"));
  await git(at("Ada/empty"), "init", "-q");

  host = await createSkillHost({
    dataDir: join(root, "data"),
    examplesDir: EXAMPLES_DIR,
    skillsDir: join(root, "skills"),
  });
});

afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true, force: true });
});

describe("served as git does", () => {
  test("git itself clones the examples and a bare repository", async () => {
    for (const name of ["slipway/examples.git", "Bob/BARE"]) {
      const into = join(root, `clone-${name.replace("/", "-")}`);
      await git(root, "clone", "-q", `${host.url}/${name}`, into);
      expect(await readdir(into)).toContain("skills");
    }
  });

  test("protocols 0 and 2 list the same refs", async () => {
    const url = `${host.url}/ada/tools`;
    const list = (version: string) =>
      git(root, "-c", `protocol.version=${version}`, "ls-remote", url);
    const refs = await list("2");
    expect(refs).toContain("refs/heads/feature/two");
    expect(await list("0")).toBe(refs);
  });

  test("nothing can be pushed", async () => {
    const answer = await fetch(
      `${host.url}/ada/tools/info/refs?service=git-receive-pack`,
    );
    expect(answer.status).toBe(403);
  });

  test("the same examples are the same commit in another folder", async () => {
    const other = await createSkillHost({
      dataDir: join(root, "data-2"),
      examplesDir: EXAMPLES_DIR,
    });
    const heads = await Promise.all(
      [host.url, other.url].map((url) =>
        git(root, "ls-remote", `${url}/slipway/examples`, "HEAD"),
      ),
    );
    await other.close();
    expect(heads[0]).toBe(heads[1]);
  });

  test("it says what it serves and what it cannot", async () => {
    const answer = await fetch(`${host.url}/__repositories`);
    const all = (await answer.json()) as { owner: string; repo: string }[];
    expect(all.map((r) => `${r.owner}/${r.repo}`)).toEqual([
      "slipway/examples",
      "Ada/Plain",
      "Ada/Tools",
      "Ada/empty",
      "Ada/escape",
      "bob/bare",
    ]);
    expect(all.filter((r) => "problem" in r).map((r) => r.repo)).toEqual([
      "Plain",
      "escape",
    ]);
  });
});

describe("what it refuses", () => {
  const refs = "info/refs?service=git-upload-pack";

  test("a folder that is no repository: with the command that makes it one", async () => {
    const answer = await fetch(`${host.url}/ada/plain/${refs}`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("git init && git add -A");
  });

  test("a link out of the skills folder", async () => {
    const answer = await fetch(`${host.url}/ada/escape/${refs}`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("leaves the skills folder");
  });

  test.each([
    "..%2f/tools",
    "%2e%2e/%2e%2e",
    "ada/..%2f..",
    "ada/.git",
    "a.b/c",
  ])("the name %s", async (name) => {
    const answer = await fetch(`${host.url}/${name}/${refs}`);
    expect(answer.status).toBe(404);
  });

  test("a caller that used another host name", async () => {
    const answer = await fetch(`${host.url}/health`, {
      headers: { host: "rebound.example" },
    });
    expect(answer.status).toBe(403);
  });

  test("no command that a repository's own config names", async () => {
    const mark = join(root, "it-ran");
    await Bun.write(
      at("mal/tools/SKILL.md"),
      "---\nname: tools\ndescription: x\n---\n",
    );
    await Bun.write(at("mal/tools/.gitattributes"), "* filter=x\n");
    await commitAll(at("mal/tools"));
    await git(
      at("mal/tools"),
      ...["config", "filter.x.smudge", `touch ${mark}; cat`],
    );
    const sha = await git(at("mal/tools"), "rev-parse", "HEAD");
    const answer = await fetch(`${host.url}/mal/tools/tar.gz/${sha.trim()}`);
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
    expect(existsSync(mark)).toBe(false);
    await rm(at("mal"), { recursive: true });
  });

  test("no object that a repository says is elsewhere, by a command it names", async () => {
    const mark = join(root, "it-fetched");
    await Bun.write(at("mal/tools/SKILL.md"), "---\ndescription: x\n---\n");
    await commitAll(at("mal/tools"));
    const settings = {
      "core.repositoryformatversion": "1",
      "extensions.partialClone": "origin",
      "remote.origin.url": at("bob/bare.git"),
      "remote.origin.promisor": "true",
      "remote.origin.uploadpack": `touch ${mark}; git-upload-pack`,
    };
    for (const [key, value] of Object.entries(settings)) {
      await git(at("mal/tools"), "config", key, value);
    }
    const answer = await fetch(
      `${host.url}/mal/tools/tar.gz/${"a".repeat(40)}`,
    );
    expect(answer.status).toBe(404);
    expect(existsSync(mark)).toBe(false);
    await rm(at("mal"), { recursive: true });
  });

  test("a commit that no branch or tag contains", async () => {
    const tree = await git(at("Ada/Tools"), "rev-parse", "HEAD^{tree}");
    const loose = await git(
      at("Ada/Tools"),
      ..."-c user.name=x -c user.email=x@y commit-tree -m loose".split(" "),
      tree,
    );
    const url = (sha: string) => `${host.url}/ada/tools/tar.gz/${sha}`;
    expect((await fetch(url(loose))).status).toBe(404);
    expect((await fetch(url("HEAD"))).status).toBe(400);
    const head = await git(at("Ada/Tools"), "rev-parse", "HEAD");
    expect((await fetch(url(head))).status).toBe(200);
  });
});

describe("resolving", () => {
  test("the default branch, whatever its name and the case of the link", async () => {
    const sha = await git(at("Ada/Tools"), "rev-parse", "trunk");
    expect(await resolveHead(gitHost(), "ada", "tools")).toEqual({
      kind: "found",
      owner: "ada",
      repo: "tools",
      branch: "trunk",
      sha,
    });
  });

  test("a branch with slashes ends where the refs say", async () => {
    const sha = await git(at("Ada/Tools"), "rev-parse", "feature/two");
    const path = "feature/two/skills/two";
    expect(await resolveRef(gitHost(), "ada", "tools", path)).toEqual({
      branch: "feature/two",
      sha,
      path: "skills/two",
    });
  });

  test("missing, empty, refused and unknown refs are told apart", async () => {
    const head = (name: string) => resolveHead(gitHost(), "ada", name);
    const code = async (promise: Promise<unknown>) => {
      try {
        await promise;
      } catch (error) {
        return toFailure(error);
      }
      throw new Error("It did not fail.");
    };
    expect(await head("nothing")).toEqual({ kind: "missing" });
    expect((await code(head("empty"))).code).toBe("skill_not_found");
    expect(await code(head("plain"))).toMatchObject({
      code: "repo_unreachable",
      message: expect.stringContaining("git init"),
    });
    const ref = resolveRef(gitHost(), "ada", "tools", "nope/skills/one");
    expect((await code(ref)).code).toBe("skill_not_found");
  });
});

test("every skill that ships with Slipway opens from its link, without findings", async () => {
  const head = await resolveHead(gitHost(), "slipway", "examples");
  if (head.kind === "missing") throw new Error("There are no examples.");
  const place = { host: "local", owner: "slipway", repo: "examples" };
  const names = (await readdir(EXAMPLES_DIR)).sort();
  expect(names.length).toBeGreaterThanOrEqual(5);
  await withArchive(
    { ...place, host: gitHost(), sha: head.sha },
    async (file) => {
      const skills = await listArchive(file, "examples");
      expect(skills.map((skill) => skill.name)).toEqual(names);
      for (const skill of skills) {
        const link = skillLink(place, skills, skill);
        expect(link).toBe(`/slipway/examples/${skill.name}`);
        const parsed = parseLink(link);
        if (!parsed.ok) throw new Error(parsed.message);
        const chosen = choose(skills, parsed.link.path, "slipway", "examples");
        expect(chosen).toEqual({ kind: "one", skill });
        const loaded = await loadSkill(file, skill.path, "examples");
        expect(loaded.manifest.findings).toEqual([]);
        expect(loaded.manifest.license).toBe("Apache-2.0");
      }
    },
  );
});
