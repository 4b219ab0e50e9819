"use node";

import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConvexError } from "convex/values";
import { refuse, toFailure } from "../model/errors";
import { REPOSITORY_LIMITS } from "../model/skills/archive";
import type { GitHost } from "../model/skills/hosts";
import { fetchFromHost, unreachable } from "./fetch";
import { statusFailure } from "./git";

/** Time for all of a download. */
const LIMIT_MS = 180_000;

export type ArchiveSource = {
  host: GitHost;
  owner: string;
  repo: string;
  sha: string;
};

/** Where a repository at a commit is downloaded: what comes from there never changes. */
export function archiveUrlOf({
  host,
  owner,
  repo,
  sha,
}: ArchiveSource): string {
  return `${host.archiveUrl}/${owner}/${repo}/tar.gz/${sha}`;
}

type Download = {
  folder: Promise<string>;
  file: Promise<string>;
  users: number;
};

/** Archives being downloaded or read in this process, by their address. */
const downloads = new Map<string, Download>();

/**
 * Downloads a repository at a commit as tar.gz into a temporary file, lets `use` read
 * it and removes it. One request, streamed, anonymous; who wants the same meanwhile
 * reads the same file.
 *
 * Throws `archive_too_large`, `repo_unreachable`, `repo_not_found`, `rate_limited`.
 */
export async function withArchive<T>(
  source: ArchiveSource,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const url = archiveUrlOf(source);
  const shared = downloads.get(url) ?? begin(source);
  downloads.set(url, shared);
  shared.users++;
  try {
    return await use(await shared.file);
  } finally {
    shared.users--;
    if (shared.users === 0) {
      downloads.delete(url);
      await rm(await shared.folder, { recursive: true, force: true });
    }
  }
}

function begin(source: ArchiveSource): Download {
  const folder = mkdtemp(join(tmpdir(), "slipway-archive-"));
  const file = folder.then(async (path) => {
    const into = join(path, "repository.tar.gz");
    await download(source, into);
    return into;
  });
  return { folder, file, users: 0 };
}

/** How long a refusal stands before the archive is looked at anew. */
const REFUSED_MS = 5 * 60_000;
/** Refusals that are remembered at most. */
const REFUSED_LIMIT = 500;
/** What an archive is refused for; the same bytes are refused again. */
const REFUSALS = new Set([
  "archive_hostile",
  "archive_too_large",
  "skill_invalid",
]);

const refused = new Map<string, { error: unknown; at: number }>();

/**
 * Does `work` on what `about` names, unless it ended in a refusal of the archive a
 * moment ago: then it ends so again, and a reload downloads nothing.
 */
export async function rememberRefusal<T>(
  about: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const key = JSON.stringify(about);
  const last = refused.get(key);
  if (last && Date.now() - last.at < REFUSED_MS) throw last.error;
  try {
    return await work();
  } catch (error) {
    if (REFUSALS.has(toFailure(error).code)) {
      const [oldest] = refused.keys();
      if (refused.size >= REFUSED_LIMIT && oldest) refused.delete(oldest);
      refused.set(key, { error, at: Date.now() });
    }
    throw error;
  }
}

async function download(source: ArchiveSource, file: string): Promise<void> {
  const { host, owner, repo } = source;
  const signal = AbortSignal.timeout(LIMIT_MS);
  const answer = await fetchFromHost(archiveUrlOf(source), {
    host: host.host,
    signal,
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw statusFailure(answer.status, host, owner, repo);
  }
  const announced = Number(answer.headers.get("content-length"));
  if (announced > REPOSITORY_LIMITS.packedBytes) throw tooLarge(source);
  // Async iterable in Node, where this runs; the types are the browser's.
  const body = answer.body as unknown as AsyncIterable<Uint8Array> | null;
  if (!body) throw unreachable(host.host, null);
  try {
    await pipeline(capped(body, source), createWriteStream(file));
  } catch (error) {
    throw error instanceof ConvexError ? error : unreachable(host.host, error);
  }
}

async function* capped(
  body: AsyncIterable<Uint8Array>,
  source: ArchiveSource,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > REPOSITORY_LIMITS.packedBytes) throw tooLarge(source);
    yield chunk;
  }
}

function tooLarge({ owner, repo }: ArchiveSource) {
  const limit = REPOSITORY_LIMITS.packedBytes / 1024 / 1024;
  return refuse(
    "archive_too_large",
    `${owner}/${repo} is larger than ${limit} MiB packed.`,
  );
}
