import { afterEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { API_KEY, client, eventually } from "./sandbox-support";

const MAIN = join(import.meta.dir, "../../emulators/sandbox/main.ts");
const folders: string[] = [];
const started: Running[] = [];

interface Running {
  process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  url: string;
  origin: string;
}

afterEach(async () => {
  for (const { process } of started.splice(0)) {
    process.kill("SIGKILL");
    await process.exited;
  }
  for (const folder of folders.splice(0)) {
    // A killed server's sockets; its successor would remove them.
    const runtime = readFileSync(join(folder, "runtime"), "utf8");
    rmSync(runtime, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
});

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sandbox-restart-"));
  folders.push(folder);
  return folder;
}

function launch(data: string, ...more: string[]) {
  const folders = ["--data", data, "--snapshots", join(data, "none")];
  return Bun.spawn([process.execPath, MAIN, ...folders, ...more], {
    env: { PATH: process.env.PATH ?? "", SANDBOX_API_KEY: API_KEY },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The server as scripts run it: a process that prints one line when ready. */
async function startServer(data: string, ...more: string[]): Promise<Running> {
  const server = launch(data, ...more);
  const reader = server.stdout.getReader();
  const { value } = await reader.read();
  if (!value) throw new Error(await new Response(server.stderr).text());
  const ready = JSON.parse(Buffer.from(value).toString());
  expect(ready.ready).toBe(true);
  const { origin } = new URL(ready.url);
  const running = { process: server, url: ready.url as string, origin };
  started.push(running);
  return running;
}

async function states({ origin }: Running): Promise<Record<string, string>> {
  const response = await fetch(`${origin}/__sandboxes`);
  const all = (await response.json()) as { name: string; state: string }[];
  return Object.fromEntries(all.map(({ name, state }) => [name, state]));
}

/** Host processes that live in a sandbox of this data folder. */
function insiders(data: string): string[] {
  // What it is connected by is mounted in it from here, whatever its home is.
  const runtime = basename(readFileSync(join(data, "runtime"), "utf8"));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8");
        return mounts.includes(`/${runtime}/`);
      } catch {
        // Ended while we looked.
        return false;
      }
    });
}

async function killNine(server: Running, data: string) {
  server.process.kill("SIGKILL");
  await server.process.exited;
  await eventually(() => insiders(data).length === 0, "all sandboxes die");
}

test("kill -9: all sandboxes die, the records say so, the homes are kept", async () => {
  const data = dataFolder();
  const first = await startServer(data);
  const sandbox = await client(first.url).create({ name: "survivor" });
  await sandbox.process.executeCommand("echo kept > note; setsid sleep 999 &");
  const { token } = await sandbox.getPreviewLink(1);
  expect(insiders(data).length).toBeGreaterThan(1);
  await killNine(first, data);

  const second = await startServer(data);
  expect(await states(second)).toEqual({ survivor: "stopped" });
  const again = await client(second.url).get("survivor");
  expect(again.id).toBe(sandbox.id);
  expect((await again.getPreviewLink(1)).token).not.toBe(token);
  await again.start();
  const note = await again.process.executeCommand("cat note; pgrep sleep");
  expect(note.result).toBe("kept\n");
}, 15_000);

test("kill -9 during creates and deletes leaves nothing half-made", async () => {
  // None is made ahead of time: every home must have its record.
  const data = dataFolder();
  const first = await startServer(data, "--warm", "0");
  const daytona = client(first.url);
  for (const name of ["a", "b"]) await daytona.create({ name });
  const underWay = Promise.allSettled([
    ...["c", "d", "e", "f"].map((name) => daytona.create({ name })),
    ...["a", "b"].map(async (name) => (await daytona.get(name)).delete()),
  ]);
  await eventually(async () => "f" in (await states(first)), "the last row");
  await killNine(first, data);
  await underWay;

  const second = await startServer(data, "--warm", "0");
  const after = await states(second);
  const homes = readdirSync(join(data, "sandboxes"));
  expect(homes.length).toBe(Object.keys(after).length);
  for (const [name, state] of Object.entries(after)) {
    expect(state).toBe("stopped");
    // Whatever is listed can be adopted and used.
    const adopted = await client(second.url).get(name);
    await adopted.start();
    await adopted.delete();
  }
  expect(await states(second)).toEqual({});
  expect(readdirSync(join(data, "sandboxes"))).toEqual([]);
}, 20_000);

test("SIGTERM ends all and removes its sockets", async () => {
  const data = dataFolder();
  const server = await startServer(data);
  await client(server.url).create({ name: "x" });
  const runtime = readFileSync(join(data, "runtime"), "utf8");
  expect(existsSync(runtime)).toBe(true);
  server.process.kill("SIGTERM");
  expect(await server.process.exited).toBe(0);
  expect(insiders(data)).toEqual([]);
  expect(existsSync(runtime)).toBe(false);
  const next = await startServer(data);
  expect(await states(next)).toEqual({ x: "stopped" });
}, 15_000);

test("a second server on the same data folder names the first", async () => {
  const data = dataFolder();
  const first = await startServer(data);
  const second = launch(data);
  expect(await second.exited).toBe(1);
  const said = await new Response(second.stderr).text();
  expect(said).toContain(`process ${first.process.pid}`);
}, 15_000);
