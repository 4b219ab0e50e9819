"use node";

import { ConvexError, v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import { internalAction } from "../_generated/server";
import { missingOf } from "../model/repairs";
import type { Daemon, Probe } from "../model/slot";
import { aad, open } from "../model/seal";
import * as provider from "./daytona";
import { readHealth, type AgentState } from "./health";
import { bounded, describe } from "./providerErrors";
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
        ? {
            kind: "present",
            provider: found.provider,
            daemon: await confirmed(work, daemon.state),
          }
        : { kind: found.kind === "gone" ? "gone" : "unknown" };
    await ctx.runMutation(internal.lifecycle.probes.report, {
      ...args,
      revision: work.revision,
      probe,
      keptAlive,
      ms: Date.now() - began,
      missing: daemon.missing,
      ...(daemon.agent && { agent: daemon.agent }),
    });
    return null;
  },
});

/**
 * The provider's proxy turns away what it cannot check as well: only another
 * address is a move, and no answer says nothing.
 */
async function confirmed(
  { remoteId, daemon }: provider.Ref & { daemon: Asked | null },
  state: Daemon,
): Promise<Daemon> {
  if (state !== "moved" || !daemon) return state;
  try {
    const now = await bounded(async () =>
      provider.accessTo(await provider.handle(remoteId)),
    );
    const same = now.url === daemon.url && now.token === daemon.previewToken;
    return same ? "unreachable" : "moved";
  } catch (error) {
    console.error(`address of ${remoteId}: ${describe(error).message}`);
    return "unreachable";
  }
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
  daemon: Asked | null,
  sealedFor: string,
): Promise<Answer> {
  const missing: Answer["missing"] = [];
  if (!daemon) return { state: "unasked", missing };
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
      return { state: isMoved(error) ? "moved" : "unreachable", missing };
    }
    // Neither an answer nor a key of ours that can be read: nobody was reached.
    if (error instanceof z.ZodError || error instanceof ConvexError) {
      return { state: "unreachable", missing };
    }
    throw error;
  }
}

/** Whether the provider's proxy, not the daemon, wants another token, or its login page. */
function isMoved({ kind, status = 0 }: RemoteError): boolean {
  return kind === "unreachable" && [302, 307, 401, 403].includes(status);
}
