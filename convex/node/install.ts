"use node";

import { ConvexError, v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import { internalAction } from "../_generated/server";
import { failure, toFailure, type Failure } from "../model/errors";
import { aad, open } from "../model/seal";
import { STEP_TIMEOUT } from "../model/timing";
import { askBooting, askDaemon, RemoteError } from "./sandboxd";

type Outcome =
  | { kind: "installed"; digest: string; path: string }
  | { kind: "unclaimed" }
  | { kind: "refused"; error: Failure }
  | { kind: "unknown"; error: Failure };

const installed = z.object({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  path: z.string().min(1).max(1_024),
});

/** Installs one skill into a running sandbox: one request, archive in, digest out. */
export const run = internalAction({
  args: { slotId: v.id("slots"), token: v.string() },
  returns: v.null(),
  handler: async (ctx, fence) => {
    const work = await ctx.runMutation(
      internal.lifecycle.installs.begin,
      fence,
    );
    if (!work) return null;
    const archive = await ctx.storage.get(work.storageId);
    const began = Date.now();
    const outcome: Outcome = archive
      ? await install(archive, fence.slotId, work)
      : {
          kind: "refused",
          error: failure(
            "skill_not_loaded",
            "The skill's archive is no longer stored.",
          ),
        };
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
  work: {
    generation: number;
    url: string;
    previewToken: string;
    sandboxdKey: string;
    skillKey: string;
    sha: string;
    digest: string;
  },
): Promise<Outcome> {
  try {
    const key = await open(
      work.sandboxdKey,
      aad.sandboxd(slotId, work.generation),
    );
    const answer = await askBooting(() =>
      askDaemon({ ...work, key }, "POST", "/skills", {
        body: archive,
        headers: {
          "content-type": "application/gzip",
          "x-skill-key": encodeURIComponent(work.skillKey),
          "x-skill-sha": work.sha,
          "x-skill-digest": work.digest,
        },
        timeoutMs: STEP_TIMEOUT,
      }),
    );
    const disk = installed.parse(answer);
    return disk.digest === work.digest
      ? { kind: "installed", ...disk }
      : mismatch();
  } catch (error) {
    return judge(error);
  }
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
