/** What the agent may leave in the way of what is made for its next start. */
import {
  afterAll,
  afterEach,
  beforeAll,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  agentReady,
  configFor,
  install,
  rootWithAgent,
  skillMd,
  skillOf,
  startDaemon,
  turnEnd,
} from "./sandboxd-harness";
import { put } from "./sandboxd-keep-harness";
import { ownedByNobody, unprivileged } from "./sandboxd-users";

setDefaultTimeout(60_000);

/** An agent that is ready, and has nothing to say. */
const GUARDED = `
  const http = await import("node:http");
  http.createServer((request, response) => {
    const health = request.url === "/health";
    response.writeHead(health ? 200 : 401).end("{}");
  }).listen(process.env.API_SERVER_PORT, "127.0.0.1");`;

let root: string;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
beforeAll(async () => {
  root = await rootWithAgent(GUARDED);
  await chmod(root, 0o755); // for a daemon that is not root
});
afterAll(() => rm(root, { recursive: true, force: true }));

const skill = await skillOf("local/acme/tools/one", {
  "SKILL.md": skillMd("one", "text"),
});

type Make = (home: string) => Promise<unknown>;

/** The agent starts, and all works that writes into its home. */
async function works(make: Make, through: string[] = []): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "slipway-home-"));
  for (const folder of [".slipway", ".hermes"]) await mkdir(join(home, folder));
  await put(home, { "work/precious": "theirs" });
  await make(home);
  if (through.length > 0) ownedByNobody(home);
  const daemon = await startDaemon(root, { home, through });
  cleanups.push(daemon.close);
  await daemon.claim();
  await agentReady(daemon);
  expect(daemon.log()).not.toContain("agent ended");
  const installed = await install(daemon, skill);
  expect(installed.status).toBe(200);
  const body = { writeToken: 1, config: configFor("http://127.0.0.1:1/v1") };
  expect((await daemon.call("PUT", "/config", { body })).status).toBe(200);
  const turn = {
    ...{ turnId: "t1", sessionId: "s1", text: "hi" },
    skill: { name: "one", path: installed.body.path, key: skill.key },
  };
  const begun = await daemon.call("POST", "/turns", { body: turn });
  expect(begun.status).toBe(202);
  await turnEnd(daemon, "t1");

  const folders = [".hermes/skills", ".slipway/names", "sessions/s1"];
  for (const path of folders) {
    const stats = await lstat(join(home, path));
    expect([path, stats.isDirectory()]).toEqual([path, true]);
  }
  const [name = ""] = await readdir(join(home, ".slipway/names"));
  expect(name).toStartWith("one@");
  expect(await readFile(join(home, "work/precious"), "utf8")).toBe("theirs");
  return home;
}

const PATHS = [
  ".slipway/names",
  ".hermes",
  ".hermes/skills",
  "sessions",
  "sessions/s1",
];

const CASES: [string, (path: string, home: string) => Promise<unknown>][] = [
  ["a file", (path) => writeFile(path, "")],
  ["a link to nothing", (path) => symlink("nowhere", path)],
  ["a link to a folder", (path, home) => symlink(join(home, "work"), path)],
];

for (const path of PATHS) {
  for (const [what, make] of CASES) {
    test(`${what} at ${path}`, async () => {
      await works(async (home) => {
        await rm(join(home, path), { recursive: true, force: true });
        await mkdir(join(home, path, ".."), { recursive: true });
        await make(join(home, path), home);
      });
    });
  }
}

const through = unprivileged();
for (const path of PATHS) {
  test.skipIf(!through)(`a read-only folder at ${path}`, async () => {
    await works(async (home) => {
      await mkdir(join(home, path), { recursive: true });
      await chmod(join(home, path), 0o555);
    }, through!);
  });
}

test.skipIf(!through)("a read-only folder among the names", async () => {
  await works(async (home) => {
    const folder = join(home, ".slipway/names/planted");
    await put(folder, { "within/file": "" });
    await chmod(join(folder, "within"), 0o555);
  }, through!);
});

test("a link from the names to the sessions: no workspace is removed", async () => {
  const home = await works(async (home) => {
    await put(home, { "sessions/s2/notes": "work of days" });
    await symlink("../sessions", join(home, ".slipway/names"));
  });
  const notes = join(home, "sessions/s2/notes");
  expect(await readFile(notes, "utf8")).toBe("work of days");
});

test("what was in the place of a person's folder is beside it", async () => {
  const home = await works(async (home) => {
    await symlink("work", join(home, "sessions"));
  });
  const moved = (names: string[], name: string) =>
    names.filter((found) => found.startsWith(`${name}.`));
  const [link = ""] = moved(await readdir(home), "sessions");
  expect(await readlink(join(home, link))).toBe("work");

  const other = await works((home) =>
    put(home, { "sessions/s1": "all they had" }),
  );
  const sessions = join(other, "sessions");
  const [file = ""] = moved(await readdir(sessions), "s1");
  expect(await readFile(join(sessions, file), "utf8")).toBe("all they had");
});
