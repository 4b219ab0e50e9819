import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setSystemTime,
  test,
} from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuse, toFailure } from "../../convex/model/errors";
import { rememberRefusal, withArchive } from "../../convex/node/download";
import { resolveHead } from "../../convex/node/git";
import { createSkillHost } from "../../emulators/skillhost";
import type { SkillHost } from "../../emulators/skillhost";
import { commitAll, git } from "./repositories";

/** How git hosts behave when all is not well, in front of one that is. */

let root: string;
let real: SkillHost;
let elsewhere: { url: string; asked: number };
const servers: { stop: (now: boolean) => unknown }[] = [];
let url: string;
let downloads = 0;

function serve(fetch: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const GIT_2_GREETING = Buffer.from("000eversion 2\n");
const GIT_ANSWER = {
  "content-type": "application/x-git-upload-pack-advertisement",
};

/** What `/owner` answers; the rest of the path is as on a git host. */
const behaviours: Record<string, (request: Request) => Response> = {
  absent: () => new Response("Not Found", { status: 404 }),
  private: () =>
    new Response("", {
      status: 401,
      headers: { "www-authenticate": "Basic" },
    }),
  busy: () => new Response("slow down", { status: 429 }),
  broken: () => new Response("oops", { status: 502 }),
  page: () =>
    new Response("<!doctype html><title>Sign in</title>", {
      headers: { "content-type": "text/html" },
    }),
  away: () => Response.redirect(`${elsewhere.url}/ada/tools.git/info/refs`),
  inward: () => Response.redirect("http://169.254.169.254/latest/meta-data"),
  round: (request) => Response.redirect(request.url),
  endless: () => {
    let begun = false;
    const pull = (out: ReadableStreamDefaultController<Uint8Array>) => {
      out.enqueue(
        begun ? Buffer.alloc(1000 * 1000, "0008abc\n") : GIT_2_GREETING,
      );
      begun = true;
    };
    return new Response(new ReadableStream({ pull }), { headers: GIT_ANSWER });
  },
  old: (request) =>
    Response.redirect(request.url.replace("/old/", "/ada/"), 301),
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-hosts-"));
  const repo = join(root, "skills/ada/tools");
  await Bun.write(join(repo, "SKILL.md"), "---\ndescription: x\n---\n");
  await commitAll(repo);
  real = await createSkillHost({
    dataDir: join(root, "data"),
    skillsDir: join(root, "skills"),
  });
  elsewhere = { asked: 0, url: "" };
  elsewhere.url = serve(() => {
    elsewhere.asked++;
    return new Response("secret");
  });
  url = serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname.includes("/tar.gz/")) downloads++;
    const behaviour = behaviours[pathname.split("/")[1] ?? ""];
    if (behaviour) return behaviour(request);
    const body = request.body ? await request.arrayBuffer() : undefined;
    const { method } = request;
    const headers = new Headers(request.headers);
    headers.delete("host");
    return await fetch(real.url + pathname + search, { method, headers, body });
  });
});

afterAll(async () => {
  for (const server of servers) server.stop(true);
  await real.close();
  await rm(root, { recursive: true, force: true });
});

const host = () => ({ host: "git.example", gitUrl: url, archiveUrl: url });

async function failureOf(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    return toFailure(error);
  }
  throw new Error("It did not fail.");
}

describe("asking for the default branch", () => {
  test("a repository that moved answers with its new name", async () => {
    const sha = await git(join(root, "skills/ada/tools"), "rev-parse", "HEAD");
    expect(await resolveHead(host(), "old", "tools")).toEqual({
      kind: "found",
      owner: "ada",
      repo: "tools",
      branch: "main",
      sha,
    });
  });

  test.each(["absent", "private"])("%s: it is missing", async (owner) => {
    const head = await resolveHead(host(), owner, "tools");
    expect(head).toEqual({ kind: "missing" });
  });

  test.each([
    ["busy", "rate_limited"],
    ["broken", "repo_unreachable"],
    ["page", "repo_unreachable"],
    ["round", "repo_unreachable"],
    ["endless", "repo_unreachable"],
  ])("%s: %s", async (owner, code) => {
    const failure = await failureOf(resolveHead(host(), owner, "tools"));
    expect(failure).toMatchObject({ code, retryable: true });
  });

  test("it is not followed to another host, least of all a private one", async () => {
    for (const owner of ["away", "inward"]) {
      const failure = await failureOf(resolveHead(host(), owner, "tools"));
      expect(failure.message).toContain("which is not followed");
    }
    expect(elsewhere.asked).toBe(0);
  });

  test("a host that is not there names the way out", async () => {
    const gone = { ...host(), gitUrl: "http://127.0.0.1:1" };
    const failure = await failureOf(resolveHead(gone, "ada", "tools"));
    expect(failure).toMatchObject({
      code: "repo_unreachable",
      message: "git.example cannot be reached from here.",
      next: expect.stringContaining("SLIPWAY_SKILLS_DIR"),
    });
  });
});

describe("downloading a commit", () => {
  const source = (owner: string) => ({
    host: host(),
    owner,
    repo: "tools",
    sha: "0".repeat(40),
  });

  test.each([
    ["absent", "repo_not_found"],
    ["busy", "rate_limited"],
    ["away", "repo_unreachable"],
    ["endless", "archive_too_large"],
  ])("%s: %s, and nothing stays on the disk", async (owner, code) => {
    const own = await mkdtemp(join(tmpdir(), "slipway-downloads-"));
    const before = process.env.TMPDIR;
    process.env.TMPDIR = own;
    let file = "";
    try {
      const use = async (path: string) => void (file = path);
      const download = withArchive(source(owner), use);
      expect((await failureOf(download)).code).toBe(code);
      expect(file).toBe("");
      expect(await readdir(own)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      await rm(own, { recursive: true });
    }
  });

  test("who wants the same commit at once shares one download", async () => {
    const sha = await git(join(root, "skills/ada/tools"), "rev-parse", "HEAD");
    downloads = 0;
    const files = new Set<string>();
    const read = (until: Promise<unknown>) =>
      withArchive({ ...source("ada"), sha }, async (path) => {
        files.add(path);
        await until;
        expect(existsSync(path)).toBe(true);
      });
    const now = Promise.resolve();
    const first = read(now);
    await Promise.all([first, read(first)]);
    expect([downloads, files.size]).toEqual([1, 1]);
    for (const path of files) expect(existsSync(path)).toBe(false);
    await read(now);
    expect(downloads).toBe(2);
  });

  test("the file is gone when its reader fails", async () => {
    const sha = await git(join(root, "skills/ada/tools"), "rev-parse", "HEAD");
    let file = "";
    const use = async (path: string) => {
      file = path;
      expect(existsSync(path)).toBe(true);
      throw new Error("reader");
    };
    const failing = withArchive({ ...source("ada"), sha }, use);
    expect((await failureOf(failing)).message).toBe("reader");
    expect(existsSync(file)).toBe(false);
  });
});

describe("a refusal", () => {
  afterEach(() => void setSystemTime());

  test.each([
    ["archive_too_large", 1],
    ["archive_hostile", 1],
    ["repo_unreachable", 2],
  ] as const)("%s: of two looks %d do the work", async (code, expected) => {
    let done = 0;
    const look = () =>
      failureOf(
        rememberRefusal(["tools", code], async () => {
          done++;
          throw refuse(code, "No.");
        }),
      );
    expect(await look()).toEqual(await look());
    expect(done).toBe(expected);
    setSystemTime(Date.now() + 6 * 60_000);
    await look();
    expect(done).toBe(expected + 1);
  });
});
