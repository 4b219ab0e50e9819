/** The daemon on a disk that is really full: a small file system of its own. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../../sandboxd/errors";
import {
  configFor,
  eventually,
  install,
  rootWithoutAgent,
  skillMd,
  skillOf,
  startDaemon,
  type Daemon,
} from "./sandboxd-harness";

setDefaultTimeout(60_000);

/** A home of 256 KiB and 100 files; the daemon is the process that `unshare` becomes. */
const OWN_DISK = [
  ...["unshare", "--map-root-user", "--mount", "sh", "-c"],
  'mount -t tmpfs -o size=256k,nr_inodes=100 tmpfs "$HOME" && exec "$@"',
  "sh",
];

const canMount =
  spawnSync(OWN_DISK[0]!, [...OWN_DISK.slice(1), "true"], {
    env: {
      PATH: process.env.PATH,
      HOME: tmpdir(),
    } as unknown as NodeJS.ProcessEnv,
  }).status === 0;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A claimed daemon, and its home as it sees it. */
async function onSmallDisk(): Promise<{ daemon: Daemon; home: string }> {
  const root = await rootWithoutAgent();
  cleanups.push(() => rm(root, { recursive: true, force: true }));
  const outside = await mkdtemp(join(tmpdir(), "slipway-home-"));
  const daemon = await startDaemon(root, { home: outside, through: OWN_DISK });
  cleanups.push(daemon.close);
  const home = `/proc/${daemon.pid}/root${outside}`;
  await mkdir(join(home, ".slipway"), { recursive: true });
  const claim = JSON.stringify({ key: daemon.key, generation: 1 });
  await writeFile(join(home, ".slipway/claim.json"), claim);
  return { daemon, home };
}

/** Takes every byte and every name that is left. */
async function fill(folder: string): Promise<void> {
  await mkdir(folder);
  for (const content of ["x".repeat(4_096), ""]) {
    for (let n = 0; ; n++) {
      try {
        const file = join(folder, `${content.length}-${n}`);
        await writeFile(file, content);
      } catch (error) {
        if (codeOf(error) !== "ENOSPC") throw error;
        break;
      }
    }
  }
}

test.skipIf(!canMount)(
  "what needs room is 507 disk_full, the rest is answered, and with room all goes on",
  async () => {
    const { daemon, home } = await onSmallDisk();
    const skill = (text: string) =>
      skillOf(`local/acme/tools/${text}`, { "SKILL.md": skillMd("one", text) });
    const first = await skill("first");
    const second = await skill("second");
    const { path } = (await install(daemon, first)).body;
    const config = configFor("http://127.0.0.1:9/v1");
    const configure = (writeToken: number) =>
      daemon.call("PUT", "/config", { body: { writeToken, config } });
    const say = () =>
      daemon.call("POST", "/turns", {
        body: {
          ...{ turnId: "t1", sessionId: "s1", text: "hi" },
          skill: { name: "one", path, key: first.key },
        },
      });
    expect((await configure(1)).status).toBe(200);

    await fill(join(home, "work"));
    for (const answer of [await configure(2), await install(daemon, second)]) {
      expect(answer.status).toBe(507);
      expect(answer.body).toEqual({
        code: "disk_full",
        message: expect.stringContaining("Remove files in its terminal"),
      });
    }
    expect(await say()).toMatchObject({ status: 507 });
    const { body } = await daemon.call("GET", "/health");
    expect(body).toMatchObject({ config: { writeToken: 1 } });
    expect(body.skills).toMatchObject([{ key: first.key }]);
    const kept = await readdir(join(home, ".slipway"));
    expect(kept.filter((name) => name.endsWith(".tmp"))).toEqual([]);

    await rm(join(home, "work"), { recursive: true });
    expect((await configure(3)).status).toBe(200);
    expect((await install(daemon, second)).status).toBe(200);
    expect((await say()).status).toBe(202);
    await eventually("the turn ends without an agent", async () => {
      const turn = await daemon.call("GET", "/turns/t1?from=0");
      return turn.body.state === "ended";
    });
  },
);
