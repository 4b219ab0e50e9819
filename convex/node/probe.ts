"use node";

import { ConvexError, v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import { internalAction } from "../_generated/server";
import { missingOf } from "../model/repairs";
import type { Daemon, Outcome, Probe } from "../model/slot";
import { aad, open } from "../model/seal";
import * as provider from "./daytona";
import { readHealth, type AgentState } from "./health";
import { hasMoved } from "./moved";
import { RemoteError } from "./sandboxd";

/** Looks at a running sandbox: the provider's state and the daemon's, in parallel. */
export const run = internalAction({
  args: { slotId: v.id("slots"), token: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const work = await ctx.runMutation(internal.lifecycle.probes.begin, args);
    if (!work) return null;
    const began = Date.now();
    const [found, daemon, keptAlive] = await Promise.all([
      provider.look(work),
      askHealth(work, aad.sandboxd(args.slotId, work.generation)),
      work.keepAlive && provider.keepAlive(work),
    ]);
    await ctx.runMutation(internal.lifecycle.probes.report, {
      ...args,
      revision: work.revision,
      probe: probeOf(found, daemon.state),
      keptAlive,
      ms: Date.now() - began,
      missing: daemon.missing,
      ...(daemon.agent && { agent: daemon.agent }),
    });
    return null;
  },
});

function probeOf(found: Outcome, daemon: Daemon): Probe {
  if (found.kind === "present") {
    return { kind: "present", provider: found.provider, daemon };
  }
  if (found.kind === "gone") return { kind: "gone" };
  // Only what runs, and has our key, answers as the daemon does.
  return daemon === "ok"
    ? { kind: "present", provider: "started", daemon }
    : { kind: "unknown" };
}

/** What is known of it without a question. */
type Unasked = "unasked" | "unclaimed";

function isUnasked(daemon: Asked | Unasked): daemon is Unasked {
  return typeof daemon === "string";
}

type Asked = {
  url: string;
  previewToken: string;
  sandboxdKey: string;
  listed: { id: Id<"installedSkills">; skillKey: string; digest: string }[];
};

type Answer = {
  state: Daemon;
  agent?: AgentState;
  missing: Id<"installedSkills">[];
};

async function askHealth(
  { remoteId, daemon }: { remoteId: string; daemon: Asked | Unasked },
  sealedFor: string,
): Promise<Answer> {
  const missing: Answer["missing"] = [];
  if (isUnasked(daemon)) return { state: daemon, missing };
  try {
    const key = await open(daemon.sandboxdKey, sealedFor);
    const { agent, skills } = await readHealth({ ...daemon, key });
    const lost = skills ? missingOf(daemon.listed, skills) : [];
    return {
      state: "ok",
      ...(agent && { agent }),
      missing: lost.map(({ id }) => id),
    };
  } catch (error) {
    if (error instanceof RemoteError) {
      const unclaimed =
        error.code === "unclaimed" || error.code === "unauthorized";
      if (unclaimed) return { state: "unclaimed", missing };
      const moved = await hasMoved(error, { remoteId, ...daemon });
      return { state: moved ? "moved" : "unreachable", missing };
    }
    // Neither an answer nor a key of ours that can be read: nobody was reached.
    if (error instanceof z.ZodError || error instanceof ConvexError) {
      return { state: "unreachable", missing };
    }
    throw error;
  }
}
