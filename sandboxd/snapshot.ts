import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { codeOf } from "./errors";
import { readJson } from "./files";
import {
  buildAgent,
  MOUNT,
  REQUIREMENT,
  type AgentBuild,
} from "./snapshot/agent";
import { bundleSandboxd, hashSources, SOURCES } from "./snapshot/bundle";
import { findNode, findPython, type HostProgram } from "./snapshot/hosts";
import { run } from "./snapshot/run";

export type SnapshotOptions = {
  /** The SNAPSHOTS folder; a snapshot is a folder in it. */
  dir: string;
  /** Default: "slipway-" and a hash of everything that went into it. */
  name?: string;
  /** Names still in use; when given, our other snapshots are deleted. */
  keep?: string[];
  onProgress?: (step: { message: string; elapsedMs: number }) => void;
  signal?: AbortSignal;
};

export type Snapshot = {
  name: string;
  /** Absolute path of its folder. */
  path: string;
  agent: AgentBuild;
  /** It was there already. */
  reused: boolean;
};

const FORMAT = 1;

/**
 * Makes the snapshot that sandboxes are made from, or finds it made. Without a
 * Python, or without PyPI, it is made without the agent, says why, and the next
 * call tries again. Throws only when there is no usable Node, or no disk.
 */
export async function prepareSnapshot(
  options: SnapshotOptions,
): Promise<Snapshot> {
  const startedAt = Date.now();
  const step = (message: string) =>
    options.onProgress?.({ message, elapsedMs: Date.now() - startedAt });
  const dir = resolve(options.dir);
  const cache = join(dir, ".agents");
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const [node, python] = await Promise.all([findNode(), findPython()]);
  if (!node.ok) throw new Error(node.reason);
  const hash = await contentHash(node, python.ok ? python : null);
  const name = options.name ?? `slipway-${hash.slice(0, 12)}`;
  const path = join(dir, name);

  const existing = await made(path);
  if (existing?.hash === hash && (existing.agent.ok || !python.ok)) {
    return { name, path, agent: existing.agent, reused: true };
  }

  await sweepUnfinished(dir);
  await sweepUnfinished(cache);
  const building = join(dir, `.building-${process.pid}-${randomUUID()}`);
  try {
    const root = join(building, "root");
    await mkdir(root, { recursive: true });
    await bundleSandboxd(root, hash);
    const agent: AgentBuild = python.ok
      ? await buildAgent({
          python,
          sources: SOURCES,
          root,
          cache,
          step,
          ...(options.signal && { signal: options.signal }),
        })
      : python;
    if (!agent.ok)
      await rm(join(root, "venv"), { recursive: true, force: true });
    await writeFile(join(root, "agent.json"), JSON.stringify(agent));
    await writeFile(
      join(building, "snapshot.json"),
      JSON.stringify(
        manifest(hash, node, python.ok ? python : null, agent),
        null,
        2,
      ),
    );
    // Sandboxes run as other users; a tight umask must not lock them out.
    const readable = await run("chmod", ["-R", "a+rX,go-w", building]);
    if (!readable.ok) throw new Error(readable.reason);
    const raced = await made(path);
    if (raced?.hash === hash && raced.agent.ok) {
      // Another process was quicker; sandboxes may already be using that one.
      return { name, path, agent: raced.agent, reused: true };
    }
    await replace(building, path);
    step(agent.ok ? "Snapshot ready" : "Snapshot ready, without the agent");
    if (options.keep) await prune(dir, [name, ...options.keep]);
    return { name, path, agent, reused: false };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

function manifest(
  hash: string,
  node: HostProgram,
  python: HostProgram | null,
  agent: AgentBuild,
) {
  const binds = [node.bind, agent.ok ? python?.bind : null].filter(
    (bind) => typeof bind === "string",
  );
  const paths = [
    "/home/daytona/.local/bin",
    ...binds.map((bind) => `${bind}/bin`),
    ...["/usr/local/bin", "/usr/bin", "/bin"],
  ];
  return {
    version: FORMAT,
    entrypoint: [node.path, `${MOUNT}/sandboxd.js`],
    env: { LANG: "C.UTF-8", PATH: paths.join(":") },
    root: "root",
    binds: [...new Set(binds)],
    description: agent.ok
      ? `sandboxd with Hermes ${agent.version}`
      : "sandboxd without an agent",
    hash,
    agent,
  };
}

/** Everything whose change must give another snapshot. */
async function contentHash(
  node: HostProgram,
  python: HostProgram | null,
): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([FORMAT, REQUIREMENT, node, python]));
  return (await hashSources(hash)).digest("hex");
}

async function made(
  path: string,
): Promise<{ hash: string; agent: AgentBuild } | null> {
  const found = (await readJson(join(path, "snapshot.json"))) as {
    hash?: unknown;
    agent?: AgentBuild;
  } | null;
  if (typeof found?.hash !== "string" || !found.agent) return null;
  return { hash: found.hash, agent: found.agent };
}

/** Puts the new one in place; an old one of that name goes aside first. */
async function replace(building: string, path: string): Promise<void> {
  const old = `${building}-old`;
  try {
    await rename(path, old);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  await rename(building, path);
  await rm(old, { recursive: true, force: true });
}

/** Removes what builds left behind whose process is gone. */
async function sweepUnfinished(dir: string): Promise<void> {
  for (const entry of await readdir(dir)) {
    const pid = /^\.building-(\d+)-/.exec(entry)?.[1];
    if (pid && !isAlive(Number(pid))) {
      await rm(join(dir, entry), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

async function prune(dir: string, keep: string[]): Promise<void> {
  for (const entry of await readdir(dir)) {
    if (!/^slipway-[0-9a-f]{12}$/.test(entry) || keep.includes(entry)) continue;
    await rm(join(dir, entry), { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      dir: { type: "string", default: ".slipway/snapshots" },
      name: { type: "string" },
      keep: { type: "string", multiple: true },
    },
  });
  const snapshot = await prepareSnapshot({
    dir: values.dir,
    ...(values.name && { name: values.name }),
    ...(values.keep && { keep: values.keep }),
    onProgress: ({ message, elapsedMs }) =>
      console.error(
        `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  ${message}`,
      ),
  });
  console.log(JSON.stringify(snapshot));
}
