/** What the agent may leave on the disk, and the daemon must wake up with. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
} from "bun:test";
import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOnDisk } from "../../sandboxd/digest";
import {
  agentReady,
  configFor,
  install,
  leftoversOf,
  rootWithoutAgent,
  skillMd,
  skillOf,
  startDaemon,
  testSnapshot,
  type Daemon,
} from "./sandboxd-harness";
import { keep } from "./sandboxd-keep-harness";
import { NOBODY, ownedByNobody, unprivileged } from "./sandboxd-users";

const GIB = 1024 ** 3;

let root: string;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
beforeAll(async () => {
  root = await rootWithoutAgent();
  await chmod(root, 0o755); // for a daemon that is not root
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function started(home?: string, through: string[] = []): Promise<Daemon> {
  const daemon = await startDaemon(root, { ...(home && { home }), through });
  cleanups.push(daemon.close);
  await daemon.claim();
  return daemon;
}

async function skills(daemon: Daemon): Promise<unknown> {
  const { status, body } = await daemon.call("GET", "/health");
  expect(status).toBe(200);
  return body.skills;
}

async function sparse(path: string, size: number): Promise<void> {
  await writeFile(path, "");
  await truncate(path, size);
}

function fifo(path: string): void {
  execFileSync("mkfifo", [path]);
}

type Change = (folder: string, slipway: string) => Promise<unknown>;

/** One good skill stays; the other is changed, found missing, and mended. */
async function survives(change: Change, through: string[] = [], found = false) {
  const home = await mkdtemp(join(tmpdir(), "slipway-home-"));
  if (through.length > 0) {
    await mkdir(join(home, ".slipway"));
    ownedByNobody(home);
  }
  const first = await started(home, through);
  const files = (text: string) => ({
    "SKILL.md": skillMd("one", text),
    "scripts/a.sh": "echo",
  });
  const good = await skillOf("local/acme/tools/good", files("good"));
  const bad = await skillOf("local/acme/others/bad", files("bad"));
  await install(first, good);
  const folder = String((await install(first, bad)).body.path);
  await change(folder, join(home, ".slipway"));
  await first.kill();

  const second = await started(home, through);
  const row = ({ key, sha, digest }: typeof good) => ({ key, sha, digest });
  const rows = [row(bad), row(good)];
  expect(await skills(second)).toEqual(found ? rows : [row(good)]);
  const again = await install(second, bad);
  expect(again).toMatchObject({ status: 200, body: { path: folder } });
  expect(await skills(second)).toEqual(rows);
  expect(await leftoversOf(second)).toEqual([]);
  if (through.length === 0) {
    expect(await digestOnDisk(folder)).toBe(bad.digest);
  }
  await second.kill();
  // Mended for good: what was there before is not met again.
  expect(await skills(await started(home, through))).toEqual(rows);
}

describe("a skill is missing, and mended by an install, when there is", () => {
  const changes: [string, Change][] = [
    ["a file over 2 GiB", (at) => sparse(join(at, "core"), 3 * GIB)],
    [
      "more at once than memory holds",
      async (at) => {
        for (const n of [1, 2, 3, 4]) await sparse(join(at, `d${n}`), GIB);
      },
    ],
    [
      "a pipe in the place of a file",
      async (at) => {
        await rm(join(at, "SKILL.md"));
        fifo(join(at, "SKILL.md"));
      },
    ],
    [
      "a link to itself in the place of a file",
      async (at) => {
        await rm(join(at, "SKILL.md"));
        await symlink("SKILL.md", join(at, "SKILL.md"));
      },
    ],
    [
      "a folder in the place of its note",
      async (at) => {
        await rm(`${at}.json`);
        await mkdir(join(`${at}.json`, "with/content"), { recursive: true });
      },
    ],
    ["a note over 2 GiB", (at) => sparse(`${at}.json`, 3 * GIB)],
    [
      "a pipe in the place of its note",
      async (at) => {
        await rm(`${at}.json`);
        fifo(`${at}.json`);
      },
    ],
    [
      "an endless device in the place of its note",
      async (at) => {
        await rm(`${at}.json`);
        await symlink("/dev/zero", `${at}.json`);
      },
    ],
    [
      "a file in the place of its folder",
      async (at) => {
        await rm(at, { recursive: true });
        await writeFile(at, "");
      },
    ],
    [
      "a file in the place of a folder above it",
      async (at) => {
        await rm(dirname(at), { recursive: true });
        await writeFile(dirname(at), "");
      },
    ],
  ];
  for (const [what, change] of changes) {
    test(what, () => survives(change));
  }

  const through = unprivileged();
  const modes: [string, Change][] = [
    ["a file that cannot be read", (at) => chmod(join(at, "SKILL.md"), 0)],
    ["a note that cannot be read", (at) => chmod(`${at}.json`, 0)],
    ["a folder that cannot be", (at) => chmod(at, 0)],
    ["one within that cannot be", (at) => chmod(join(at, "scripts"), 0)],
    ["one above that cannot be", (at) => chmod(dirname(at), 0)],
  ];
  for (const [what, change] of modes) {
    test.skipIf(!through)(what, () => survives(change, through!));
  }

  test.skipIf(!through)(
    "nothing, when the closed folder was left by an install",
    () =>
      survives(
        async (_, slipway) => {
          const left = join(slipway, "staging/left");
          await mkdir(join(left, "within"), { recursive: true });
          const owner = through!.length > 0 ? NOBODY : `${process.getuid?.()}`;
          execFileSync("chown", ["-R", owner, join(slipway, "staging")]);
          await chmod(left, 0);
        },
        through!,
        true,
      ),
  );
});

test("a skill that becomes unreadable meanwhile is missing, not a failure", async () => {
  const daemon = await started();
  const skill = await skillOf("local/acme/tools/looped", {
    "SKILL.md": skillMd("one", "text"),
  });
  const path = String((await install(daemon, skill)).body.path);
  await rm(join(path, "SKILL.md"));
  await symlink("SKILL.md", join(path, "SKILL.md"));
  expect(await skills(daemon)).toEqual([]);
  expect((await install(daemon, skill)).body.alreadyPresent).toBe(false);
  expect(await skills(daemon)).toHaveLength(1);
});

describe("the daemon listens, and mends by what it is told, with", () => {
  const odd: [string, (slipway: string) => Promise<unknown>][] = [
    ["a file for its skills", (at) => writeFile(join(at, "skills"), "")],
    ["a file for its staging", (at) => writeFile(join(at, "staging"), "")],
    [
      "a folder for its configuration",
      (at) => mkdir(join(at, "config.json/within"), { recursive: true }),
    ],
    [
      "3 GiB of configuration",
      (at) => sparse(join(at, "config.json"), 3 * GIB),
    ],
    [
      "a pipe for its configuration",
      (at) => Promise.resolve(fifo(join(at, "config.json"))),
    ],
  ];
  for (const [what, make] of odd) {
    test(what, async () => {
      const home = await mkdtemp(join(tmpdir(), "slipway-home-"));
      await mkdir(join(home, ".slipway"));
      await make(join(home, ".slipway"));
      const daemon = await started(home);
      expect(await skills(daemon)).toEqual([]);
      const skill = await skillOf("local/acme/tools/one", {
        "SKILL.md": skillMd("one", "text"),
      });
      expect((await install(daemon, skill)).status).toBe(200);
      const config = configFor("http://127.0.0.1:1/v1");
      const body = { writeToken: 1, config };
      const put = await daemon.call("PUT", "/config", { body });
      expect(put.status).toBe(200);
      expect(await readdir(join(home, ".slipway"))).toContain("config.json");
    });
  }
});

describe("the agent starts and can be copied from, with", () => {
  const odd: [string, (home: string) => Promise<unknown>][] = [
    [
      "pipes in the place of what is written before its start",
      async (home) => {
        fifo(join(home, ".hermes/.no-bundled-skills"));
        fifo(join(home, ".slipway/agent.log"));
      },
    ],
    [
      "a link to a person's file in the place of its log",
      (home) => symlink("../precious", join(home, ".slipway/agent.log")),
    ],
  ];
  for (const [what, make] of odd) {
    test(
      what,
      async () => {
        const home = await mkdtemp(join(tmpdir(), "slipway-home-"));
        await mkdir(join(home, ".slipway"));
        await mkdir(join(home, ".hermes"));
        await writeFile(join(home, "precious"), "theirs");
        await make(home);
        const snapshot = await testSnapshot();
        const daemon = await startDaemon(join(snapshot.path, "root"), { home });
        cleanups.push(daemon.close);
        await daemon.claim();
        await agentReady(daemon);
        expect(daemon.log()).toContain("agent log"); // why there is none
        await keep(daemon);
        expect(await readFile(join(home, "precious"), "utf8")).toBe("theirs");
      },
      90_000,
    );
  }
});
