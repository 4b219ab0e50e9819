import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { tryLock, type Lock } from "./lock";
import { ROOT } from "./options";
import { installStamp } from "./prerequisites";
import { run } from "./run";
import type { Progress } from "./terminal";

/**
 * Two starts in one checkout (other data folders) must not install or build
 * over one another. Waits for its turn.
 */
export async function withCheckoutLock<T>(
  progress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  const dir = join(ROOT, ".next");
  mkdirSync(dir, { recursive: true });
  let lock: Lock | null;
  while (!(lock = tryLock(join(dir, "slipway-lock.sqlite")))) {
    progress("waiting for another start in this checkout");
    await Bun.sleep(200);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** Installs the dependencies unless these very ones are there. */
export async function installDependencies(progress: Progress): Promise<string> {
  const wanted = contentHash(["package.json", "bun.lock"]);
  const stamp = installStamp(ROOT);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) {
    return "up to date";
  }
  const done = await run([process.execPath, "install", "--frozen-lockfile"], {
    cwd: ROOT,
    progress,
    group: true,
  });
  if (!done.ok) {
    throw new Error(
      `bun install failed. It needs the npm registry.\n${done.output}`,
    );
  }
  writeFileSync(stamp, wanted);
  return "installed";
}

const BUILD_INPUTS = [
  ...["src", "convex", "public", "package.json", "bun.lock"],
  ...["next.config.ts", "postcss.config.mjs", "tsconfig.json"],
];
/** Builds of other contents that are kept: someone may be serving one. */
const KEPT_BUILDS = 4;

/**
 * Builds the pages, once per content: each build has a folder of its own, named
 * by a hash of what went into it, so a build in use is never overwritten.
 * Answers that folder, relative to the checkout.
 */
export async function buildPages(
  progress: Progress,
): Promise<{ distDir: string; reused: boolean }> {
  const hash = contentHash(BUILD_INPUTS).slice(0, 16);
  const builds = join(ROOT, ".next", "builds");
  const dir = join(builds, hash);
  const distDir = relative(ROOT, dir);
  const done = join(dir, "slipway-complete");
  if (existsSync(done)) {
    utimesSync(done, new Date(), new Date());
    return { distDir, reused: true };
  }
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  // Next writes its folder of types into the tsconfig it is given: one of its own.
  const tsconfig = join(builds, `tsconfig.${hash}.json`);
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: "../../tsconfig.json",
      include: ["../../next-env.d.ts"],
    }),
  );
  const built = await run(["node", nextCli(), "build"], {
    cwd: ROOT,
    env: {
      ...process.env,
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      SLIPWAY_DIST_DIR: distDir,
      SLIPWAY_TSCONFIG: relative(ROOT, tsconfig),
    },
    progress,
    group: true,
  });
  rmSync(tsconfig, { force: true });
  if (!built.ok) throw new Error(`next build failed.\n${built.output}`);
  writeFileSync(done, new Date().toISOString());
  pruneBuilds(builds, hash);
  return { distDir, reused: false };
}

function nextCli(): string {
  return join(ROOT, "node_modules", "next", "dist", "bin", "next");
}

function pruneBuilds(builds: string, current: string): void {
  const age = (name: string) => {
    const done = join(builds, name, "slipway-complete");
    return existsSync(done) ? statSync(done).mtimeMs : 0;
  };
  readdirSync(builds)
    .filter((name) => name !== current)
    .sort((a, b) => age(b) - age(a))
    .slice(KEPT_BUILDS)
    .forEach((name) =>
      rmSync(join(builds, name), { recursive: true, force: true }),
    );
}

/** sha256 over the names and contents of files and folders; tests left out. */
export function contentHash(inputs: string[], root = ROOT): string {
  const hash = createHash("sha256");
  for (const input of inputs) {
    for (const file of filesOf(join(root, input))) {
      if (/\.test\.tsx?$/.test(file)) continue;
      hash.update(`${relative(root, file)}\0`).update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}

function filesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export type Snapshot = {
  name: string;
  agent: { ok: true; version: string } | { ok: false; reason: string };
  reused: boolean;
};

/** Makes the snapshot sandboxes start from, agent included. Minutes at first. */
export async function prepareSnapshot(
  dir: string,
  progress: Progress,
): Promise<Snapshot> {
  const done = await run(
    [process.execPath, join(ROOT, "sandboxd", "snapshot.ts"), "--dir", dir],
    {
      cwd: ROOT,
      progress: (line) => progress(line.replace(/^[\d.]+ s\s+/, "")),
      keep: 20,
      group: true,
    },
  );
  if (!done.ok) {
    throw new Error(`The sandbox snapshot could not be made.\n${done.output}`);
  }
  return JSON.parse(done.answer) as Snapshot;
}
