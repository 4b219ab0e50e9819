import { createHash, type Hash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

export const SOURCES = resolve(import.meta.dir, "..");

/** Feeds every source that a snapshot is made of, by name and content. */
export async function hashSources(hash: Hash): Promise<Hash> {
  for (const file of await sources()) {
    hash.update(`\0${file}\0`).update(await readFile(join(SOURCES, file)));
  }
  return hash;
}

export const sourcesHash = async () =>
  (await hashSources(createHash("sha256"))).digest("hex");

async function sources(): Promise<string[]> {
  const files = await readdir(SOURCES, { recursive: true });
  return files
    .filter((file) => /\.(ts|py|txt)$/.test(file) && !/\.test\.ts$/.test(file))
    .sort();
}

/**
 * Writes sandboxd as one file, and what Node needs to take it for a module.
 *
 * @param hash of the content it belongs to; goes into its version
 */
export async function bundleSandboxd(
  root: string,
  hash: string,
): Promise<void> {
  const release = JSON.parse(
    await readFile(join(SOURCES, "../package.json"), "utf8"),
  ) as { version: string };
  const version = `${release.version}+${hash.slice(0, 8)}`;
  await Bun.build({
    entrypoints: [join(SOURCES, "main.ts")],
    outdir: root,
    naming: "sandboxd.js",
    target: "node",
    format: "esm",
    define: { SANDBOXD_VERSION: JSON.stringify(version) },
    throw: true,
  });
  // Node 20 takes a lone .js for CommonJS.
  await writeFile(join(root, "package.json"), '{"type":"module"}\n');
}
