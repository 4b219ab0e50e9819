import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../tests/e2e/harness/until";
import { Child, type Part } from "./child";
import { LogFile } from "./logfile";

let dir: string;
const children: Child[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "slipway-child-"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop(200)));
  await rm(dir, { recursive: true });
});

const READY = `console.log(JSON.stringify({ ready: true, url: "http://x", pid: process.pid }));`;
const STAY = `setInterval(() => {}, 1000);`;
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

async function part(source: string, more: Partial<Part> = {}): Promise<Part> {
  const file = join(dir, "part.mjs");
  await writeFile(file, source);
  const env = { PATH: process.env.PATH };
  return { name: "part", runtime: "bun", args: [file], env, cwd: dir, ...more };
}

async function child(
  source: string,
  more: Partial<Part> = {},
  onRestarted: () => void = () => {},
) {
  const said: string[] = [];
  const made = new Child(
    await part(source, more),
    new LogFile(join(dir, "logs", "part.log")),
    {
      onRestarting: (how) => said.push(`restarting: ${how}`),
      onRestarted: () => {
        said.push("restarted");
        onRestarted();
      },
    },
  );
  children.push(made);
  return { child: made, said };
}

test.each(["bun", "node"] as const)(
  "a %s part is ready when it says so, and ends when asked",
  async (runtime) => {
    const { child: one } = await child(READY + STAY, { runtime });
    const ready = await one.start();
    expect(ready).toMatchObject({ url: "http://x", pid: one.pid });
    await one.stop(1_000);
    expect(isAlive(one.pid ?? 0)).toBe(false);
  },
);

test("a part that is killed is started again, and again", async () => {
  const { child: one, said } = await child(READY + STAY);
  await one.start();
  for (const round of [1, 2]) {
    const pid = one.pid ?? 0;
    process.kill(pid, "SIGKILL");
    await until("restart", async () => said.length === 2 * round);
    expect(one.pid).not.toBe(pid);
  }
  expect(said.slice(0, 2)).toEqual([
    "restarting: was ended by SIGKILL",
    "restarted",
  ]);
});

test("a part that does not get ready fails the start with its last words", async () => {
  const { child: one } = await child(
    `console.error("port 7 is taken"); process.exit(3);`,
  );
  await expect(one.start()).rejects.toThrow(
    /part ended with code 3[^]*port 7 is taken/,
  );
});

test("a part that is silent for too long fails the start and is ended", async () => {
  const { child: one } = await child(STAY, { readyWithinMs: 300 });
  await expect(one.start()).rejects.toThrow("not ready after 300 ms");
  expect(isAlive(one.pid ?? 0)).toBe(false);
});

test("a part that ignores being asked is killed, with what it started", async () => {
  const { child: one } = await child(`
    import { spawn } from "node:child_process";
    process.on("SIGTERM", () => {});
    const sub = spawn("sleep", ["1000"]);
    console.log(JSON.stringify({ ready: true, url: "http://x", sub: sub.pid }));
    ${STAY}`);
  const { sub } = await one.start();
  await one.stop(100);
  expect(isAlive(one.pid ?? 0)).toBe(false);
  await until("end of what it started", async () => !isAlive(Number(sub)));
});

test("what a part says is in its log, without the line that says it is ready", async () => {
  const { child: one } = await child(
    `console.log("hello"); console.error("careful"); ${READY} ${STAY}`,
  );
  await one.start();
  const log = await until("both lines in the log", async () => {
    const text = await readFile(join(dir, "logs", "part.log"), "utf8");
    return text.includes("hello") && text.includes("careful") && text;
  });
  expect(log).not.toContain('"ready"');
});

/** Ends it by force, and waits until that was answered. */
async function killAndAwait(one: Child, said: string[], events: number) {
  if (!one.pid) throw new Error("nothing runs that could be killed");
  process.kill(one.pid, "SIGKILL");
  await until("restart", async () => said.length >= events);
}

test("a full disk under its log takes no part with it", async () => {
  await mkdir(join(dir, "logs"));
  await symlink("/dev/full", join(dir, "logs", "part.log"));
  const { child: one, said } = await child(
    `console.log("hello"); console.error("careful"); ${READY} ${STAY}`,
  );
  await one.start();
  await killAndAwait(one, said, 2);
  expect(said[1]).toBe("restarted");
  await until("its words", async () => one.log.tail().includes("careful"));
});

test("a part that came back is kept when telling of it fails", async () => {
  const { child: one, said } = await child(READY + STAY, {}, () => {
    throw new Error("no space left");
  });
  await one.start();
  await killAndAwait(one, said, 2);
  await killAndAwait(one, said, 4);
  // Not "did not start": it ran all the while.
  expect(said.slice(2)).toEqual([
    "restarting: was ended by SIGKILL",
    "restarted",
  ]);
  expect(one.log.tail().join()).toContain("no space left");
});

test.each(["bun", "node"] as const)(
  "a %s part gets what it is given, and no key from a file beside it",
  async (runtime) => {
    await writeFile(join(dir, ".env.local"), "DAYTONA_API_KEY=secret\n");
    const tell = `console.log("key:", process.env.DAYTONA_API_KEY);`;
    const { child: one } = await child(tell + READY + STAY, { runtime });
    await one.start();
    expect(one.log.tail().join()).toContain("key: undefined");
  },
);

test.each(["bun", "node"] as const)(
  "after kill -9 of whoever started it, a %s part is gone",
  async (runtime) => {
    const { args } = await part(READY + STAY);
    const starter = join(dir, "starter.ts");
    await writeFile(
      starter,
      `
      import { Child } from ${JSON.stringify(join(import.meta.dir, "child"))};
      import { LogFile } from ${JSON.stringify(join(import.meta.dir, "logfile"))};
      const child = new Child(
        { name: "part", runtime: "${runtime}", args: ${JSON.stringify(args)}, env: process.env, cwd: ${JSON.stringify(dir)} },
        new LogFile(${JSON.stringify(join(dir, "logs", "other.log"))}),
        { onRestarting() {}, onRestarted() {} },
      );
      console.log((await child.start()).pid);
      `,
    );
    const parent = Bun.spawn([process.execPath, starter], { stdout: "pipe" });
    const reader = parent.stdout.getReader();
    const { value } = await reader.read();
    const pid = Number(new TextDecoder().decode(value));
    expect(isAlive(pid)).toBe(true);

    parent.kill("SIGKILL");
    await parent.exited;

    await until("end of the part", async () => !isAlive(pid));
  },
);
