"use node";

import { z } from "zod";
import { PROBE_TIMEOUT } from "../model/timing";
import { askDaemon, type DaemonAddress } from "./sandboxd";

/** Text of the sandbox's: a lone surrogate in it could not be stored. */
function told(limit: number) {
  return z
    .string()
    .max(limit)
    .transform((text) => text.toWellFormed())
    .optional();
}

const agent = z.object({
  state: z.enum(["starting", "ready", "unavailable", "failed", "insecure"]),
  reason: told(2_000),
  version: told(100),
});

export type AgentState = z.infer<typeof agent>;

const health = z.object({ agent: agent.optional() });

/** What the daemon says of itself and of the agent. Throws RemoteError or ZodError. */
export async function readHealth(
  address: DaemonAddress,
): Promise<{ agent?: AgentState }> {
  return health.parse(
    await askDaemon(address, "GET", "/health", { timeoutMs: PROBE_TIMEOUT }),
  );
}
