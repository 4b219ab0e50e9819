"use node";

import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConvexError } from "convex/values";
import { extract } from "tar-stream";
import { z } from "zod";
import { refuse } from "../model/errors";
import { feed } from "./archive";
import { RemoteError, streamDaemon, type DaemonAddress } from "./sandboxd";

const MIB = 1024 * 1024;

/** What sandboxd keeps at most, and some room for what gzip adds. */
const MAX_PACKED = 216 * MIB;
const MAX_FILES = 50_000;
const MAX_FOLDERS = 50_000;
/** Longer names are never kept, and every one of them is held in memory. */
const MAX_PATH_BYTES = 4_000;
/** 200 MiB of content; the rest are headers, padding and long names. */
const MAX_TAR = 600 * MIB;

export type KeptContent = {
  digest: string;
  files: number;
  /** Of the files, unpacked. */
  bytes: number;
};

const DIGEST = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * Receives what a sandbox keeps into a temporary file, measures it and, if it is
 * what the daemon says it sent, lets `use` read it. Throws RemoteError, also
 * where the content is damaged; ConvexError where it is too large.
 */
export async function receiveKept<T>(
  address: DaemonAddress,
  request: { timeoutMs: number; signal: AbortSignal },
  use: (file: string, content: KeptContent) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-keep-"));
  try {
    const file = join(folder, "kept.tar.gz");
    const answer = await streamDaemon(address, "POST", "/keep", request);
    await pipeline(capped(answer.chunks), createWriteStream(file));
    const digest = DIGEST.parse(answer.headers.get("x-slipway-digest"));
    const found = await measure(file);
    if (found.digest !== digest) throw damaged();
    return await use(file, found);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* capped(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_PACKED) throw tooLarge();
    yield chunk;
  }
}

/**
 * The digest of an archive, as sandboxd computes it of a disk: sha256 over, for
 * each entry but folders in bytewise order of path, `path NUL kind NUL hash LF`.
 * It has to come in that order: whoever sends it may want our memory, and
 * names of megabytes pack to nothing.
 */
async function measure(file: string): Promise<KeptContent> {
  // Names are bytes, in any encoding: latin1 maps them to characters one to one.
  // (The option is missing in the types.)
  const options = { filenameEncoding: "latin1" };
  const unpacked = extract(options as Parameters<typeof extract>[0]);
  void feed(file, unpacked, MAX_TAR, tooLarge);
  const digest = createHash("sha256");
  let files = 0;
  let folders = 0;
  let bytes = 0;
  let last = "";
  try {
    for await (const entry of unpacked) {
      const { name: path, type, mode, linkname } = entry.header;
      if (path.length > MAX_PATH_BYTES) throw damaged();
      if (type === "directory") {
        folders += 1;
        if (folders > MAX_FOLDERS) throw tooLarge();
        entry.resume();
        continue;
      }
      files += 1;
      if (files > MAX_FILES) throw tooLarge();
      if (path <= last) throw damaged();
      last = path;
      let kind = (mode & 0o100) !== 0 ? "x" : "-";
      const hash: Hash = createHash("sha256");
      for await (const chunk of entry) {
        bytes += (chunk as Buffer).length;
        hash.update(chunk as Buffer);
      }
      if (type === "symlink") {
        kind = "l";
        hash.update(Buffer.from(linkname ?? "", "latin1"));
      } else if (type !== "file") throw damaged();
      digest.update(`${path}\0${kind}\0${hash.digest("hex")}\n`, "latin1");
    }
  } catch (error) {
    throw error instanceof ConvexError ? error : damaged();
  } finally {
    unpacked.destroy(null);
  }
  return { digest: digest.digest("hex"), files, bytes };
}

/** Cut or garbled on the way, or never right: another try may do better. */
function damaged(): RemoteError {
  return new RemoteError(
    "status",
    "What the sandbox sent is not what it says it sent.",
    200,
    "damaged",
  );
}

function tooLarge() {
  return refuse(
    "keep_too_large",
    "The sandbox sent more than the 50,000 files and 200 MiB that can be kept.",
  );
}
