"use node";

import { openAsBlob } from "node:fs";
import { ConvexError } from "convex/values";
import { z } from "zod";
import type { Id } from "../_generated/dataModel";
import type { ActionCtx } from "../_generated/server";
import {
  failure,
  toFailure,
  type ErrorCode,
  type Failure,
} from "../model/errors";
import { aad, open } from "../model/seal";
import { receiveKept, type KeptContent } from "./kept";
import {
  askBooting,
  askDaemon,
  RemoteError,
  type DaemonAddress,
} from "./sandboxd";

/** A running sandbox whose files are copied out or in. */
export type DiskAccess = {
  slotId: Id<"slots">;
  generation: number;
  url: string;
  previewToken: string;
  /** Sealed. */
  sandboxdKey: string;
};

/** What a sandbox's owner made, as it lies in file storage; `digest` is ours. */
export type Kept = { storageId: Id<"_storage"> } & KeptContent;

type Unsettled =
  | { kind: "unclaimed" }
  /** A turn runs there, or another copy: both end by themselves. */
  | { kind: "busy" }
  /** No answer, or none that settles it: asking again is harmless. */
  | { kind: "unknown"; error: Failure }
  | { kind: "refused"; error: Failure };

export type KeepOutcome = ({ kind: "kept" } & Kept) | Unsettled;

export type RestoreOutcome =
  | { kind: "restored"; digest: string }
  /** The sandbox unpacked something else than was kept; it changed nothing. */
  | { kind: "mismatch"; digest: string }
  | Unsettled;

/** For all of a transfer, in ms; the action it runs in may take twice that. */
const TRANSFER_LIMIT = 5 * 60_000;

/** Between two signs of life, in ms; a lease lasts three of them. */
const BEAT = 20_000;

/**
 * Copies what a sandbox's owner made into file storage: workspaces and the
 * agent's history. The copy is unpacked and measured here before it counts, for
 * the sandbox is deleted on the strength of it. The caller owns the stored file.
 *
 * @param onProgress called each `every` ms; when it rejects, the transfer ends
 */
export async function keepDisk(
  ctx: ActionCtx,
  access: DiskAccess,
  onProgress: () => Promise<unknown>,
  every = BEAT,
): Promise<KeepOutcome> {
  return await beating(onProgress, every, async (signal) => {
    try {
      const address = await addressOf(access);
      const request = { timeoutMs: TRANSFER_LIMIT, signal };
      return await askBooting(() => {
        goOn(signal);
        return receiveKept(address, request, async (file, content) => {
          const blob = await openAsBlob(file, { type: "application/gzip" });
          const storageId = await ctx.storage.store(blob);
          return { kind: "kept" as const, storageId, ...content };
        });
      });
    } catch (error) {
      return judge(error, "keep_failed");
    }
  });
}

const restored = z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) });

/**
 * Copies what was kept into a sandbox, in the place of whatever is there. The
 * daemon measures it before it replaces anything; repeating it is harmless.
 *
 * @param onProgress called each `every` ms; when it rejects, the transfer ends
 */
export async function restoreDisk(
  ctx: ActionCtx,
  access: DiskAccess,
  { storageId, digest }: Pick<Kept, "storageId" | "digest">,
  onProgress: () => Promise<unknown>,
  every = BEAT,
): Promise<RestoreOutcome> {
  return await beating(onProgress, every, async (signal) => {
    try {
      const body = await ctx.storage.get(storageId);
      if (!body) {
        const error = "The kept files are no longer stored.";
        return { kind: "refused", error: failure("restore_failed", error) };
      }
      const address = await addressOf(access);
      const answer = await askBooting(() => {
        goOn(signal);
        return askDaemon(address, "POST", "/restore", {
          body,
          headers: {
            "content-type": "application/gzip",
            "x-slipway-digest": digest,
          },
          timeoutMs: TRANSFER_LIMIT,
          signal,
        });
      });
      const disk = restored.parse(answer);
      return disk.digest === digest
        ? { kind: "restored", digest }
        : { kind: "mismatch", ...disk };
    } catch (error) {
      const mismatch = mismatchOf(error);
      return mismatch ?? judge(error, "restore_failed");
    }
  });
}

async function addressOf(access: DiskAccess): Promise<DaemonAddress> {
  const { slotId, generation, url, previewToken, sandboxdKey } = access;
  const key = await open(sandboxdKey, aad.sandboxd(slotId, generation));
  return { url, previewToken, key };
}

/** Runs `work` while telling the caller that it goes on, until that fails. */
async function beating<T>(
  onProgress: () => Promise<unknown>,
  every: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const beat = setInterval(() => {
    onProgress().catch((error: unknown) => lost.abort(error));
  }, every);
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(beat);
  }
}

/** Before another try: none for a caller that is not waiting any more. */
function goOn(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new RemoteError("timeout", "The transfer was given up.");
}

function mismatchOf(error: unknown): RestoreOutcome | null {
  if (!(error instanceof RemoteError)) return null;
  if (error.code !== "digest_mismatch") return null;
  const found = restored.safeParse(error.body);
  return found.success ? { kind: "mismatch", ...found.data } : null;
}

function judge(
  error: unknown,
  failed: "keep_failed" | "restore_failed",
): Unsettled {
  const as = (kind: "unknown" | "refused", message: string, code?: ErrorCode) =>
    ({ kind, error: failure(code ?? failed, message) }) as const;
  if (error instanceof ConvexError) {
    return { kind: "refused", error: toFailure(error) };
  }
  if (error instanceof z.ZodError) {
    return as("unknown", "The sandbox's daemon answered something unknown.");
  }
  if (!(error instanceof RemoteError)) throw error;
  if (error.kind !== "status") return as("unknown", error.message);
  switch (error.code) {
    case "unclaimed":
    case "unauthorized":
      return { kind: "unclaimed" };
    case "disk_full":
      // Asked again, and then of another sandbox: its own answer may be no other.
      return as("unknown", "The new sandbox's disk is full.");
    case "keep_too_large":
      return as("refused", tooLarge(error.body), "keep_too_large");
    case "unreadable":
      return as(
        "refused",
        "Some files of the sandbox cannot be read, so they cannot be kept.",
      );
    case "archive_hostile":
    case "archive_too_large":
      return as("refused", "The sandbox refused the kept files.");
    case "unknown_route": // made from a snapshot of an older release
      return as("refused", "This sandbox is too old to copy its files.");
    case "busy":
      return { kind: "busy" };
    case "changing":
      return as("unknown", "Files in the sandbox change while they are read.");
    default:
      return as("unknown", error.message);
  }
}

const size = z.object({
  bytes: z.number().int().nonnegative(),
  files: z.number().int().nonnegative(),
});

function tooLarge(body: unknown): string {
  const told = size.safeParse(body);
  const have = told.success
    ? `${told.data.files} files with ${Math.ceil(told.data.bytes / 1024 / 1024)} MiB`
    : "more files";
  return `The sandbox has ${have}; at most 50,000 files and 200 MiB can be kept.`;
}
