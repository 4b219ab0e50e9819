"use node";

import { createReadStream } from "node:fs";
import { promisify } from "node:util";
import { createGunzip, gzip } from "node:zlib";
import { ConvexError } from "convex/values";
import { extract, pack } from "tar-stream";
import type { Extract } from "tar-stream";
import { sortByPath } from "../model/digest";
import type { SkillFileContent } from "../model/digest";
import { refuse } from "../model/errors";
import {
  collision,
  entryKind,
  entryPath,
  fitsOnDisk,
  linkTarget,
  pathWithin,
  REPOSITORY_LIMITS,
  SKILL_LIMITS,
} from "../model/skills/archive";
import { isOddName, shown } from "../model/skills/names";

const MIB = 1024 * 1024;

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

export type RepositoryEntry = {
  kind: "file" | "link";
  path: string;
  size: number;
  executable: boolean;
  /** Of a link: where it points, as written. */
  target: string;
  /** The content of a file; refuses more than `limit` bytes. Once only. */
  read: (limit: number) => Promise<Buffer>;
};

/**
 * The files and links of a repository's tar.gz, one after the other. Throws
 * `archive_hostile` at the first entry that has no place in a git archive,
 * `archive_too_large` beyond the limits, `repo_unreachable` when it is damaged.
 */
export async function* readArchive(
  file: string,
): AsyncGenerator<RepositoryEntry> {
  const unpacked = extract();
  // Its failure reaches this loop through `unpacked`, which it destroys.
  void feed(file, unpacked, REPOSITORY_LIMITS.unpackedBytes, () =>
    refuse(
      "archive_too_large",
      `The repository is larger than ${REPOSITORY_LIMITS.unpackedBytes / MIB} MiB unpacked.`,
    ),
  );
  let count = 0;
  try {
    for await (const entry of unpacked) {
      count++;
      if (count > REPOSITORY_LIMITS.entries) {
        throw refuse(
          "archive_too_large",
          `The repository has more than ${REPOSITORY_LIMITS.entries} files.`,
        );
      }
      const checked = check(entry);
      if (checked) yield checked;
      entry.resume();
    }
  } catch (error) {
    throw damaged(error);
  } finally {
    unpacked.destroy(null);
  }
}

/**
 * Unpacks a gzipped file into `unpacked`, at most `limit` bytes of it. Never
 * rejects: what goes wrong destroys `unpacked`, whose reader hears of it.
 */
export async function feed(
  file: string,
  unpacked: Extract,
  limit: number,
  tooLarge: () => Error,
): Promise<void> {
  // Not `events.once`: it rejects on an error, which nobody would be left to hear.
  const event = (name: "drain" | "close") =>
    new Promise<void>((resolve) => unpacked.once(name, () => resolve()));
  const closed = event("close");
  const packed = createReadStream(file);
  const gunzip = createGunzip();
  packed.on("error", (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  let size = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      if (unpacked.destroyed) return;
      if (!unpacked.write(chunk)) {
        await Promise.race([event("drain"), closed]);
      }
    }
    unpacked.end(null);
  } catch (error) {
    unpacked.destroy(error instanceof Error ? error : new Error(String(error)));
  } finally {
    packed.destroy();
  }
}

function check(entry: Entry): RepositoryEntry | null {
  const { name, type, mode, linkname, size } = entry.header;
  const kind = entryKind(type);
  const path = entryPath(name);
  if (kind === "hostile" || path === null) {
    const what = kind === "hostile" ? `a ${type}` : "a path";
    throw refuse(
      "archive_hostile",
      `The archive has ${what} that git never writes: ${shown(name)}.`,
    );
  }
  if (kind === "folder" || path === "") return null;
  return {
    kind,
    path,
    size,
    executable: (mode & 0o100) !== 0,
    target: linkname ?? "",
    read: (limit) => readEntry(entry, limit, path),
  };
}

async function readEntry(entry: Entry, limit: number, path: string) {
  if (entry.header.size > limit) throw tooLarge(`${path} alone`);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of entry) chunks.push(chunk as Buffer);
  } catch (error) {
    throw damaged(error);
  }
  return Buffer.concat(chunks);
}

/** Whatever gunzip or tar make of bytes that are neither, as a failure. */
function damaged(error: unknown) {
  return error instanceof ConvexError
    ? error
    : refuse("repo_unreachable", "The repository's archive is damaged.");
}

function tooLarge(what: string) {
  return refuse(
    "archive_too_large",
    `${what} is more than the ${SKILL_LIMITS.files} files or ${SKILL_LIMITS.unpackedBytes / MIB} MiB a skill may have.`,
  );
}

export type ExtractedSkill = {
  files: SkillFileContent[];
  /** Links that lead nowhere in the skill; they are left out. */
  dropped: string[];
};

/**
 * The regular files of one folder of a repository's archive, held in memory. A link
 * to another file of the folder becomes a copy of it; one that leaves the folder is
 * `archive_hostile`.
 */
export async function extractSkill(
  file: string,
  folder: string,
): Promise<ExtractedSkill> {
  const files = new Map<string, SkillFileContent>();
  const links = new Map<string, string>();
  const paths: string[] = [];
  let bytes = 0;
  for await (const entry of readArchive(file)) {
    const path = pathWithin(folder, entry.path);
    if (path === null || path.split("/").includes(".git")) continue;
    if (isOddName(path)) {
      throw refuse(
        "archive_hostile",
        `The skill has a file whose name has control or invisible characters, or a backslash: ${shown(path)}.`,
      );
    }
    if (!fitsOnDisk(path)) {
      throw refuse(
        "archive_hostile",
        `${path.slice(0, 100)}... is too long or too deep for a file's path.`,
      );
    }
    paths.push(path);
    if (paths.length > SKILL_LIMITS.files) throw tooLarge("The skill");
    if (entry.kind === "link") {
      if (Buffer.byteLength(entry.target) > SKILL_LIMITS.targetBytes) {
        throw refuse(
          "archive_hostile",
          `${path} is a link whose target is longer than ${SKILL_LIMITS.targetBytes} bytes.`,
        );
      }
      links.set(path, entry.target);
      continue;
    }
    const content = await entry.read(SKILL_LIMITS.unpackedBytes - bytes);
    bytes += content.length;
    files.set(path, { path, executable: entry.executable, content });
  }
  const twice = collision(paths);
  if (twice !== null) {
    throw refuse("archive_hostile", `The archive has ${twice} more than once.`);
  }
  return followLinks(files, links, bytes);
}

function followLinks(
  files: Map<string, SkillFileContent>,
  links: Map<string, string>,
  bytes: number,
): ExtractedSkill {
  const copies: SkillFileContent[] = [];
  const dropped: string[] = [];
  for (const [path, written] of links) {
    let at: string | null = linkTarget(path, written);
    for (let hop = 0; at !== null && links.has(at) && hop < 8; hop++) {
      at = linkTarget(at, links.get(at) ?? "");
    }
    if (at === null) {
      throw refuse(
        "archive_hostile",
        `${path} is a link that leaves the skill's folder: ${shown(written)}.`,
      );
    }
    const target = files.get(at);
    if (target) {
      bytes += target.content.length;
      if (bytes > SKILL_LIMITS.unpackedBytes) throw tooLarge("The skill");
      copies.push({ ...target, path });
    } else dropped.push(path);
  }
  return { files: sortByPath([...files.values(), ...copies]), dropped };
}

/**
 * A tar.gz of a skill's folder with SKILL.md at its root. The same files give the
 * same tar: sorted, no times, no owners. Throws `archive_too_large`.
 */
export async function packSkill(
  files: readonly SkillFileContent[],
): Promise<Buffer> {
  const tar = pack();
  const chunks: Buffer[] = [];
  const collected = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer);
  })();
  for (const { path, executable, content } of sortByPath(files)) {
    const mode = executable ? 0o755 : 0o644;
    const header = { name: path, mode, mtime: new Date(0), uid: 0, gid: 0 };
    tar.entry({ ...header, type: "file" }, Buffer.from(content));
  }
  tar.finalize();
  await collected;
  const packed = await promisify(gzip)(Buffer.concat(chunks), { level: 9 });
  if (packed.length > SKILL_LIMITS.packedBytes) {
    throw refuse(
      "archive_too_large",
      `The skill is larger than ${SKILL_LIMITS.packedBytes / MIB} MiB packed.`,
    );
  }
  return packed;
}
