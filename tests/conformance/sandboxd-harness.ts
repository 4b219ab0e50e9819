import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { digestFiles } from "../../convex/model/digest";
import type { TurnEvent } from "../../sandboxd/events";
import { prepareSnapshot, type Snapshot } from "../../sandboxd/snapshot";

/** The snapshot, built once for all runs. The first build takes ten seconds. */
export function testSnapshot(): Promise<Snapshot> {
  const dir =
    process.env.SLIPWAY_TEST_SNAPSHOTS ??
    join(import.meta.dir, "../../.slipway/snapshots");
  return prepareSnapshot({ dir });
}

/** Polls until `check` gives a value; fails loudly at the deadline. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | null | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await Bun.sleep(25);
  }
}

/** What a command wrote into a file: a whole line, without its end. */
export function writtenIn(file: string): Promise<string> {
  return eventually(`a line in ${file}`, async () => {
    const text = existsSync(file) ? await readFile(file, "utf8") : "";
    return text.endsWith("\n") && text.trimEnd();
  });
}

/** Whether it runs: one that has ended may still be waited for by nobody. */
export async function lives(pid: string): Promise<boolean> {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && (await readFile(file, "utf8")) !== "";
}

export type Answer = { status: number; body: Record<string, unknown> };

export type Daemon = {
  home: string;
  url: string;
  key: string;
  pid: number;
  log: () => string;
  call: (method: string, path: string, init?: CallInit) => Promise<Answer>;
  claim: () => Promise<void>;
  /** Ends it as a power cut would; the home stays. */
  kill: () => Promise<void>;
  close: () => Promise<void>;
};

type CallInit = {
  body?: unknown;
  raw?: Uint8Array;
  headers?: Record<string, string>;
};

/** Runs the built sandboxd.js under Node, as a sandbox would, without one. */
export async function startDaemon(
  root: string,
  options: {
    home?: string;
    env?: Record<string, string>;
    /** What starts Node, such as a command that changes the user. */
    through?: string[];
  } = {},
): Promise<Daemon> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), "slipway-home-")));
  const key = randomBytes(24).toString("hex");
  const command = [...(options.through ?? []), "node"];
  const args = [...command.slice(1), join(root, "sandboxd.js")];
  const child = spawn(command[0]!, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      NODE_ENV: "production",
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      HOME: home,
      SLIPWAY_SANDBOXD_HOST: "127.0.0.1",
      SLIPWAY_SANDBOXD_PORT: "0",
      ...options.env,
    },
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
  const port = await eventually("sandboxd listens", () => {
    if (child.exitCode !== null) throw new Error(`sandboxd exited: ${log}`);
    return Promise.resolve(/listens on (\d+)/.exec(log)?.[1]);
  });

  const call: Daemon["call"] = async (method, path, init = {}) => {
    const body =
      init.raw ?? (init.body === undefined ? null : JSON.stringify(init.body));
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...init.headers },
      body: body as BodyInit | null,
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, body: answer };
  };
  const claim = async () => {
    await mkdir(join(home, ".slipway"), { recursive: true });
    const file = join(home, ".slipway/claim.json");
    await writeFile(file, JSON.stringify({ key, generation: 1 }));
  };
  const kill = async () => {
    await end(child, "SIGKILL");
  };
  const close = async () => {
    await end(child, "SIGTERM");
    await rm(home, { recursive: true, force: true });
  };
  const pid = child.pid!;
  const url = `http://127.0.0.1:${port}`;
  return { home, url, key, pid, log: () => log, call, claim, kill, close };
}

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** The built sandboxd.js with a note that says why there is no agent. */
export async function rootWithoutAgent(): Promise<string> {
  const snapshot = await testSnapshot();
  const root = await mkdtemp(join(tmpdir(), "slipway-root-"));
  for (const file of ["sandboxd.js", "package.json"]) {
    await cp(join(snapshot.path, "root", file), join(root, file));
  }
  const note = { ok: false, reason: "Install Python first." };
  await writeFile(join(root, "agent.json"), JSON.stringify(note));
  return root;
}

/** As a snapshot has it, but its "python" is a script of ours for Node. */
export async function rootWithAgent(script: string): Promise<string> {
  const root = await rootWithoutAgent();
  await rm(join(root, "agent.json"));
  await mkdir(join(root, "venv/bin"), { recursive: true });
  const fake = join(root, "venv/bin/python");
  await writeFile(fake, `#!/usr/bin/env node\n${script}`);
  await chmod(fake, 0o755);
  return root;
}

/** sandboxd's child, by the kernel's own list. */
export async function childOf(pid: number): Promise<number> {
  const file = `/proc/${pid}/task/${pid}/children`;
  return Number((await Bun.file(file).text()).trim().split(" ")[0]);
}

export type Skill = {
  key: string;
  sha: string;
  digest: string;
  archive: Buffer;
};

/** A skill folder as the server sends it. */
export async function skillOf(
  key: string,
  files: Record<string, string>,
): Promise<Skill> {
  const archive = pack();
  const entries = Object.entries(files).map(([path, content]) => ({
    path,
    executable: path.endsWith(".sh"),
    content: Buffer.from(content),
  }));
  for (const { path, executable, content } of entries) {
    archive.entry({ name: path, mode: executable ? 0o755 : 0o644 }, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return {
    key,
    sha: randomBytes(20).toString("hex"),
    digest: await digestFiles(entries),
    archive: gzipSync(Buffer.concat(chunks)),
  };
}

export function skillMd(name: string, text: string): string {
  return `---\nname: ${name}\ndescription: A skill for a test.\n---\n# ${name} guide\n\n${text}\n`;
}

/** One file of text and one script. */
export const simpleSkill = (key: string, text = "text"): Promise<Skill> =>
  skillOf(key, { "SKILL.md": skillMd("one", text), "scripts/a.sh": "echo" });

/** The keys of the skills that the daemon says it has. */
export async function listedBy(daemon: Daemon): Promise<string[]> {
  const { body } = await daemon.call("GET", "/health");
  return (body.skills as { key: string }[]).map(({ key }) => key);
}

export async function install(
  daemon: Daemon,
  skill: Skill,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return await daemon.call("POST", "/skills", {
    raw: skill.archive,
    headers: {
      "x-skill-key": encodeURIComponent(skill.key),
      "x-skill-sha": skill.sha,
      "x-skill-digest": skill.digest,
      ...headers,
    },
  });
}

export function configFor(baseUrl: string, model = "demo", apiKey = "none") {
  return {
    model: { baseUrl, apiKey, name: model, contextLength: 131_072 },
    maxTurns: 8,
  };
}

export async function agentReady(daemon: Daemon): Promise<void> {
  await eventually(
    "the agent is ready",
    async () => {
      const { body } = await daemon.call("GET", "/health");
      return (body.agent as { state?: string }).state === "ready";
    },
    60_000,
  );
}

/** Events of a turn once it has ended. */
export async function turnEnd(
  daemon: Daemon,
  turnId: string,
  timeoutMs = 30_000,
): Promise<TurnEvent[]> {
  const ended = await eventually(
    `${turnId} ends`,
    async () => {
      const answer = await daemon.call("GET", `/turns/${turnId}?from=0`);
      return answer.body.state === "ended" && answer;
    },
    timeoutMs,
  );
  return ended.body.events as TurnEvent[];
}

export function textOf(events: TurnEvent[]): string {
  return events
    .map((event) => (event.kind === "text" ? event.delta : ""))
    .join("");
}

/** What is unpacked but not in its place. */
export const leftoversOf = (daemon: Daemon) =>
  readdir(join(daemon.home, ".slipway/staging")).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
