"use node";

import { v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import { internalAction } from "../_generated/server";
import type { Daemon, Probe } from "../model/slot";
import { aad, open } from "../model/seal";
import * as provider from "./daytona";
import { readHealth, type AgentState } from "./health";
import { RemoteError, type DaemonAddress } from "./sandboxd";

/** Looks at a running sandbox: the provider's state and the daemon's, in parallel. */
export const run = internalAction({
  args: { slotId: v.id("slots"), token: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const work = await ctx.runMutation(internal.lifecycle.probes.begin, args);
    if (!work) return null;
    const address = work.daemon && {
      url: work.daemon.url,
      previewToken: work.daemon.previewToken,
      key: await open(
        work.daemon.sandboxdKey,
        aad.sandboxd(args.slotId, work.generation),
      ),
    };
    const [found, daemon] = await Promise.all([
      provider.look(work.remoteId),
      askHealth(address),
    ]);
    const probe: Probe =
      found.kind === "present"
        ? { kind: "present", provider: found.provider, daemon: daemon.state }
        : { kind: found.kind === "gone" ? "gone" : "unknown" };
    await ctx.runMutation(internal.lifecycle.probes.report, {
      ...args,
      revision: work.revision,
      probe,
      ...(daemon.agent && { agent: daemon.agent }),
    });
    return null;
  },
});

async function askHealth(
  address: DaemonAddress | null,
): Promise<{ state: Daemon; agent?: AgentState }> {
  if (!address) return { state: "unclaimed" };
  try {
    const health = await readHealth(address);
    return { state: "ok", ...(health.agent && { agent: health.agent }) };
  } catch (error) {
    if (error instanceof RemoteError) {
      const unclaimed =
        error.code === "unclaimed" || error.code === "unauthorized";
      return { state: unclaimed ? "unclaimed" : "unreachable" };
    }
    if (error instanceof z.ZodError) return { state: "unreachable" };
    throw error;
  }
}
