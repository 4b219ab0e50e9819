"use node";

import { ConvexError, v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import { internalAction } from "../_generated/server";
import { failure, toFailure, type Failure } from "../model/errors";
import { aad, open } from "../model/seal";
import { STEP_TIMEOUT } from "../model/timing";
import { readHealth, type AgentState } from "./health";
import { hasMoved } from "./moved";
import {
  askBooting,
  askDaemon,
  RemoteError,
  type DaemonAddress,
} from "./sandboxd";

const staleToken = z.object({ onDisk: z.number().int() });

type Outcome =
  | { kind: "written"; hash: string; agent?: AgentState }
  | { kind: "insecure" }
  | { kind: "unclaimed" }
  | { kind: "disk_full" }
  | { kind: "stale"; onDisk: number }
  | { kind: "unknown"; error: Failure };

/** The agent compresses its history to fit; gateways substitute the real model. */
const CONTEXT_LENGTH = 131_072;
const MAX_TURNS = 30;

/** Writes the agent's config after a boot and, beside it, knocks without a key. */
export const run = internalAction({
  args: { slotId: v.id("slots"), generation: v.number(), token: v.string() },
  returns: v.null(),
  handler: async (ctx, fence) => {
    const work = await ctx.runMutation(internal.lifecycle.config.begin, fence);
    if (!work) return null;
    const began = Date.now();
    const outcome = await configure(fence, work);
    await ctx.runMutation(internal.lifecycle.config.report, {
      ...fence,
      ms: Date.now() - began,
      outcome,
    });
    return null;
  },
});

/** The HTTP actions as a sandbox reaches them. */
function siteUrl(): string {
  const url =
    process.env.SLIPWAY_SANDBOX_SITE_URL || process.env.CONVEX_SITE_URL;
  if (!url) throw new Error("CONVEX_SITE_URL is not set by the deployment.");
  return url.replace(/\/$/, "");
}

const written = z.object({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  writeToken: z.number(),
});

async function configure(
  { slotId, generation }: { slotId: string; generation: number },
  work: {
    url: string;
    remoteId: string;
    previewToken: string;
    sandboxdKey: string;
    gatewayToken: string;
    writeToken: number;
  },
): Promise<Outcome> {
  try {
    const address: DaemonAddress = {
      url: work.url,
      previewToken: work.previewToken,
      key: await open(work.sandboxdKey, aad.sandboxd(slotId, generation)),
    };
    const config = configOf(
      await open(work.gatewayToken, aad.gateway(slotId, generation)),
    );
    const [answer, refusesStrangers, health] = await Promise.all([
      askBooting(() =>
        askDaemon(address, "PUT", "/config", {
          json: { writeToken: work.writeToken, config },
          timeoutMs: STEP_TIMEOUT,
        }),
      ),
      askBooting(() => isRefused({ ...address, key: undefined })),
      askBooting(() => readHealth(address)),
    ]);
    if (!refusesStrangers || health.agent?.state === "insecure") {
      return { kind: "insecure" };
    }
    return {
      kind: "written",
      hash: written.parse(answer).hash,
      ...(health.agent && { agent: health.agent }),
    };
  } catch (error) {
    return (await hasMoved(error, work)) ? { kind: "unclaimed" } : judge(error);
  }
}

/** What the agent is told of its model: the gateway, which puts in the user's own. */
function configOf(gatewayToken: string) {
  return {
    model: {
      baseUrl: `${siteUrl()}/gateway/v1`,
      apiKey: gatewayToken,
      name: "slipway",
      contextLength: CONTEXT_LENGTH,
    },
    maxTurns: MAX_TURNS,
  };
}

/** Whether the daemon turns away a request without a key. */
async function isRefused(stranger: DaemonAddress): Promise<boolean> {
  try {
    await askDaemon(stranger, "GET", "/health", { timeoutMs: STEP_TIMEOUT });
    return false;
  } catch (error) {
    if (error instanceof RemoteError && error.status === 401) return true;
    throw error; // another answer proves nothing: ask again
  }
}

function judge(error: unknown): Outcome {
  if (error instanceof z.ZodError) {
    return {
      kind: "unknown",
      error: failure(
        "sandbox_failed",
        "The sandbox's daemon answered something unknown to us.",
      ),
    };
  }
  if (error instanceof ConvexError) {
    return { kind: "unknown", error: toFailure(error) };
  }
  if (!(error instanceof RemoteError)) throw error;
  if (error.code === "unclaimed" || error.code === "unauthorized") {
    return { kind: "unclaimed" };
  }
  if (error.code === "disk_full") return { kind: "disk_full" };
  if (error.code === "stale_write_token") {
    const onDisk = staleToken.safeParse(error.body);
    if (onDisk.success) return { kind: "stale", onDisk: onDisk.data.onDisk };
  }
  return { kind: "unknown", error: failure("sandbox_failed", error.message) };
}
