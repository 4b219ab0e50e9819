"use node";

import { z } from "zod";
import { PROBE_TIMEOUT } from "../model/timing";
import { askDaemon, type DaemonAddress } from "./sandboxd";

const agent = z.object({
  state: z.enum(["starting", "ready", "unavailable", "failed", "insecure"]),
  reason: z.string().max(2_000).optional(),
  version: z.string().max(100).optional(),
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
