"use node";

import { ConvexError, v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import { internalAction } from "../_generated/server";
import type { Daemon, Probe } from "../model/slot";
import { aad, open } from "../model/seal";
import * as provider from "./daytona";
import { readHealth, type AgentState } from "./health";
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
      askHealth(work.daemon, aad.sandboxd(args.slotId, work.generation)),
      work.keepAlive && provider.keepAlive(work),
    ]);
    const probe: Probe =
      found.kind === "present"
        ? { kind: "present", provider: found.provider, daemon: daemon.state }
        : { kind: found.kind === "gone" ? "gone" : "unknown" };
    await ctx.runMutation(internal.lifecycle.probes.report, {
      ...args,
      revision: work.revision,
      probe,
      keptAlive,
      ms: Date.now() - began,
      ...(daemon.agent && { agent: daemon.agent }),
    });
    return null;
  },
});

async function askHealth(
  daemon: { url: string; previewToken: string; sandboxdKey: string } | null,
  sealedFor: string,
): Promise<{ state: Daemon; agent?: AgentState }> {
  if (!daemon) return { state: "unasked" };
  try {
    const key = await open(daemon.sandboxdKey, sealedFor);
    const health = await readHealth({ ...daemon, key });
    return { state: "ok", ...(health.agent && { agent: health.agent }) };
  } catch (error) {
    if (error instanceof RemoteError) {
      const unclaimed =
        error.code === "unclaimed" || error.code === "unauthorized";
      return { state: unclaimed ? "unclaimed" : "unreachable" };
    }
    // Neither an answer nor a key of ours that can be read: nobody was reached.
    if (error instanceof z.ZodError || error instanceof ConvexError) {
      return { state: "unreachable" };
    }
    throw error;
  }
}
