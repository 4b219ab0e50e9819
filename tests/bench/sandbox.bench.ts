import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Daytona } from "@daytonaio/sdk";
import type { Sandbox } from "@daytonaio/sdk";
import { createSandboxServer } from "../../emulators/sandbox/index";
import { compared, inTurns, median, plain } from "./harness";
import type { Bench, Figure } from "./harness";
import * as bare from "./sandbox-reference";

const TURNS = 15;
const IDLE_SANDBOXES = 50;
const API_KEY = "bench";

interface World {
  daytona: Daytona;
  origin: string;
  folder: string;
  sandbox: Sandbox;
}

type Report = (figure: Figure) => void;

/** The embedded sandboxes, through the unmodified SDK, against bare local work. */
export const bench: Bench = {
  name: "sandbox",
  async run(report) {
    const folder = mkdtempSync(join(tmpdir(), "sandbox-bench-"));
    const server = await createSandboxServer({
      ...{ data: join(folder, "data"), snapshots: join(folder, "snapshots") },
      apiKey: API_KEY,
      warm: 1,
    });
    try {
      const daytona = new Daytona({
        ...{ apiUrl: server.url, apiKey: API_KEY, target: "local" },
      });
      const sandbox = await daytona.create({ autoStopInterval: 0 });
      const { origin } = new URL(server.url);
      const world = { daytona, origin, folder, sandbox };
      await createToExec(world, report);
      await exec(world, report);
      await transfers(world, report);
      await pty(world, report);
      await health(world, report);
      await idleMemory(world, report);
    } finally {
      await server.reset();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function createToExec({ daytona, folder }: World, report: Report) {
  const made: Sandbox[] = [];
  const took = await inTurns(TURNS, {
    ours: async () => {
      const sandbox = await daytona.create({ autoStopInterval: 0 });
      await sandbox.process.executeCommand("echo hi");
      made.push(sandbox);
    },
    // Not counted: what is thrown away, and the next warm one being made.
    rest: async () => {
      await made.pop()?.delete();
      await Bun.sleep(500);
    },
    node: () => bare.bareIsolatedNode(join(folder, "bare")),
    shell: () => bare.bareIsolated(join(folder, "bare")),
  });
  const node = { value: took.node, against: "bubblewrap starting Node" };
  report(compared("create to exec", took.ours, "ms", node, 2));
  const shell = { value: took.shell, against: "bubblewrap starting sh" };
  report(compared("create to exec, sh", took.ours, "ms", shell));
}

async function exec({ sandbox }: World, report: Report) {
  const took = await inTurns(60, {
    ours: () => sandbox.process.executeCommand("echo hi"),
    bare: () => bare.bareExec(),
  });
  const reference = { value: took.bare, against: "bash -c on the host" };
  report(compared("exec", took.ours, "ms", reference, 10));
}

async function transfers({ sandbox, folder }: World, report: Report) {
  const source = join(folder, "thousand");
  mkdirSync(source);
  for (let i = 0; i < 1_000; i++) {
    writeFileSync(
      join(source, `file-${i}.txt`),
      `small file ${i}\n`.repeat(20),
    );
  }
  const archive = join(folder, "thousand.tgz");
  Bun.spawnSync(["tar", "-czf", archive, "-C", folder, "thousand"]);
  const packed = readFileSync(archive);
  let turn = 0;
  const up = await inTurns(TURNS, {
    ours: async () => {
      await sandbox.fs.uploadFile(packed, "/tmp/thousand.tgz");
      const into = `up-${turn++}`;
      const { exitCode } = await sandbox.process.executeCommand(
        `mkdir ${into} && tar -xzf /tmp/thousand.tgz -C ${into}`,
      );
      if (exitCode !== 0) throw new Error("the upload did not unpack");
    },
    bare: () => bare.unpack(archive, join(folder, `unpacked-${turn}`)),
  });
  const tar = { value: up.bare, against: "tar on the host" };
  report(compared("upload 1000", up.ours, "ms", tar, 5));

  const file = join(folder, "big");
  writeFileSync(file, crypto.getRandomValues(new Uint8Array(65_536)).toHex());
  const big = Buffer.alloc(16 * 1024 * 1024, readFileSync(file));
  writeFileSync(file, big);
  await sandbox.fs.uploadFile(big, "big");
  const down = await inTurns(TURNS, {
    ours: async () => {
      const got = await sandbox.fs.downloadFile("big");
      if (got.length !== big.length) throw new Error("the download is short");
    },
    bare: () => bare.copy(file, folder),
  });
  const cp = { value: down.bare, against: "cp of the same 16 MiB" };
  report(compared("download", down.ours, "ms", cp, 30));
}

async function pty({ sandbox }: World, report: Report) {
  let heard = () => {};
  const remote = await sandbox.process.createPty({
    id: "bench",
    onData: () => heard(),
  });
  // As bare as the other: no line editor that answers in many pieces.
  await remote.sendInput("exec cat\n");
  await Bun.sleep(300);
  const local = bare.barePty();
  const took = await inTurns(200, {
    ours: () =>
      new Promise<void>((resolve, reject) => {
        heard = resolve;
        remote.sendInput("x").catch(reject);
      }),
    bare: () => local.echo(),
  });
  local.close();
  await remote.kill();
  const reference = { value: took.bare, against: "a terminal on the host" };
  report(compared("pty echo", took.ours, "ms", reference, 20));
}

/** What another sandbox's fork bomb does to the server. */
async function health({ daytona, origin }: World, report: Report) {
  const twenty = async () => {
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const from = performance.now();
      await (await fetch(`${origin}/health`)).bytes();
      took.push(performance.now() - from);
      await Bun.sleep(40);
    }
    return median(took);
  };
  const idle = await twenty();
  const bomber = await daytona.create({ autoStopInterval: 0 });
  const bomb =
    "python3 -c 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass'";
  await bomber.process.executeCommand(`setsid ${bomb} > /dev/null 2>&1 &`);
  const during = await twenty();
  await bomber.delete();
  const reference = { value: idle, against: "health of an idle server" };
  report(compared("health under a fork bomb", during, "ms", reference, 5));
}

async function idleMemory({ daytona, folder }: World, report: Report) {
  const before = proportional(ours(folder));
  const all: Sandbox[] = [];
  while (all.length < IDLE_SANDBOXES) {
    all.push(await daytona.create({ autoStopInterval: 0 }));
  }
  const added = (proportional(ours(folder)) - before) / IDLE_SANDBOXES;
  const node = Bun.spawn([
    "node",
    "-e",
    "require('http').createServer().listen(0); console.log('up')",
  ]);
  await node.stdout.getReader().read();
  const alone = proportional([String(node.pid)]);
  node.kill();
  const reference = { value: alone / 1_024, against: "an idle Node server" };
  report(compared("idle memory", added / 1_024, "MiB", reference, 2));
  report(plain("idle sandboxes", all.length, ""));
}

/** Host processes in a sandbox: what connects it is mounted in it from here. */
function ours(folder: string): string[] {
  const runtime = readFileSync(join(folder, "data/runtime"), "utf8");
  return readdirSync("/proc").filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      read(`${pid}/mountinfo`).includes(`/${basename(runtime)}/`),
  );
}

/** KiB, each shared page counted once over all who share it. */
function proportional(pids: string[]): number {
  return pids.reduce((sum, pid) => {
    const line = /^Pss:\s+(\d+)/m.exec(read(`${pid}/smaps_rollup`));
    return sum + Number(line?.[1] ?? 0);
  }, 0);
}

function read(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch (error) {
    // Ended while we looked.
    const { code } = error as { code: string };
    if (["ENOENT", "ESRCH", "EINVAL"].includes(code)) return "";
    throw error;
  }
}
