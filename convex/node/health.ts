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

/** More than a sandbox holds; a longer list is no list. */
const MAX_SKILLS = 2_000;

const skills = z
  .array(z.object({ key: z.string(), digest: z.string() }))
  .max(MAX_SKILLS)
  .transform((rows) =>
    rows.map(({ key, digest }) => ({ skillKey: key, digest })),
  );

const health = z.object({
  agent: agent.optional(),
  // Told badly is not told: it says nothing about the rest.
  skills: skills.optional().catch(undefined),
});

export type Health = z.infer<typeof health>;

/** What the daemon says of itself, of the agent and of its skills. Throws RemoteError or ZodError. */
export async function readHealth(address: DaemonAddress): Promise<Health> {
  return health.parse(
    await askDaemon(address, "GET", "/health", { timeoutMs: PROBE_TIMEOUT }),
  );
}
