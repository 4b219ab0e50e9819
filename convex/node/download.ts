"use node";

import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConvexError } from "convex/values";
import { refuse } from "../model/errors";
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

/**
 * Downloads a repository at a commit as tar.gz into a temporary file, lets `use` read
 * it and removes it. One request, streamed, anonymous.
 *
 * Throws `archive_too_large`, `repo_unreachable`, `repo_not_found`, `rate_limited`.
 */
export async function withArchive<T>(
  source: ArchiveSource,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-archive-"));
  try {
    const file = join(folder, "repository.tar.gz");
    await download(source, file);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function download(source: ArchiveSource, file: string): Promise<void> {
  const { host, owner, repo, sha } = source;
  const signal = AbortSignal.timeout(LIMIT_MS);
  const url = `${host.archiveUrl}/${owner}/${repo}/tar.gz/${sha}`;
  const answer = await fetchFromHost(url, { host: host.host, signal });
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
