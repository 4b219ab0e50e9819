"use node";

import { ConvexError, v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import { internalAction } from "../_generated/server";
import { diskFull, failure, toFailure, type Failure } from "../model/errors";
import { aad, open } from "../model/seal";
import { STEP_TIMEOUT } from "../model/timing";
import { hasMoved } from "./moved";
import {
  askBooting,
  askDaemon,
  RemoteError,
  type DaemonAddress,
} from "./sandboxd";

type Outcome =
  | { kind: "installed"; digest: string; path: string }
  | { kind: "removed" }
  | { kind: "unclaimed" }
  | { kind: "refused"; error: Failure }
  | { kind: "unknown"; error: Failure };

const installed = z.object({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  path: z.string().min(1).max(1_024),
});

type Work = {
  generation: number;
  remoteId: string;
  url: string;
  previewToken: string;
  sandboxdKey: string;
  skillKey: string;
  digest: string;
  installId: string;
};

/** Brings a skill into a running sandbox, or takes one out of it: one request. */
export const run = internalAction({
  args: { slotId: v.id("slots"), token: v.string() },
  returns: v.null(),
  handler: async (ctx, fence) => {
    const work = await ctx.runMutation(
      internal.lifecycle.installs.begin,
      fence,
    );
    if (!work) return null;
    const { archive } = work;
    const content = archive && (await ctx.storage.get(archive.storageId));
    const began = Date.now();
    const outcome = !archive
      ? await uninstall(fence.slotId, work)
      : content
        ? await install(content, fence.slotId, { ...work, sha: archive.sha })
        : unstored();
    await ctx.runMutation(internal.lifecycle.installs.report, {
      ...fence,
      ms: Date.now() - began,
      outcome,
    });
    return null;
  },
});

async function install(
  archive: Blob,
  slotId: string,
  work: Work & { sha: string },
): Promise<Outcome> {
  try {
    const address = await addressOf(slotId, work);
    const answer = await askBooting(() =>
      askDaemon(address, "POST", "/skills", {
        body: archive,
        headers: {
          ...headersOf(work),
          "content-type": "application/gzip",
          "x-skill-sha": work.sha,
        },
        timeoutMs: STEP_TIMEOUT,
      }),
    );
    const disk = installed.parse(answer);
    return disk.digest === work.digest
      ? { kind: "installed", ...disk }
      : mismatch();
  } catch (error) {
    return (await hasMoved(error, work)) ? { kind: "unclaimed" } : judge(error);
  }
}

/** Removes what the named install put there, and nothing that came after it. */
async function uninstall(slotId: string, work: Work): Promise<Outcome> {
  try {
    await askDaemon(await addressOf(slotId, work), "DELETE", "/skills", {
      headers: headersOf(work),
      timeoutMs: STEP_TIMEOUT,
    });
    return { kind: "removed" };
  } catch (error) {
    // Somebody wanted it again meanwhile: it is theirs.
    if (error instanceof RemoteError && error.code === "reinstalled") {
      return { kind: "removed" };
    }
    return judge(error);
  }
}

async function addressOf(slotId: string, work: Work): Promise<DaemonAddress> {
  const sealedFor = aad.sandboxd(slotId, work.generation);
  return { ...work, key: await open(work.sandboxdKey, sealedFor) };
}

function headersOf({ skillKey, digest, installId }: Work) {
  return {
    "x-skill-key": encodeURIComponent(skillKey),
    "x-skill-digest": digest,
    "x-install-id": installId,
  };
}

function unstored(): Outcome {
  const error = failure(
    "skill_not_loaded",
    "The skill's archive is no longer stored.",
  );
  return { kind: "refused", error };
}

function judge(error: unknown): Outcome {
  if (error instanceof z.ZodError) return mismatch();
  if (error instanceof ConvexError) {
    return { kind: "refused", error: toFailure(error) };
  }
  if (!(error instanceof RemoteError)) throw error;
  if (error.kind !== "status") {
    return { kind: "unknown", error: failure("install_failed", error.message) };
  }
  switch (error.code) {
    case "unclaimed":
    case "unauthorized":
      return { kind: "unclaimed" };
    case "archive_too_large":
      return {
        kind: "refused",
        error: failure("archive_too_large", "The skill is too large."),
      };
    case "archive_hostile":
      return {
        kind: "refused",
        error: failure(
          "archive_hostile",
          "The sandbox refused the skill's archive.",
        ),
      };
    case "disk_full":
      return { kind: "refused", error: diskFull() };
    case "digest_mismatch":
      return mismatch();
    default:
      return {
        kind: "unknown",
        error: failure("install_failed", error.message),
      };
  }
}

/** Worth another try: a write that was cut is repaired by writing again. */
function mismatch(): Outcome {
  return {
    kind: "unknown",
    error: failure(
      "install_mismatch",
      "What is on the sandbox's disk is not the skill that was sent.",
    ),
  };
}
