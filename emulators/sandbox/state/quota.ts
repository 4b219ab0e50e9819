import { ApiError } from "../errors";
import type { CreateRequest } from "../http/create-request";
import type { Behaviour } from "./behaviour";
import type { SandboxRecord } from "./registry";

const RESOURCES = [
  ["cpu", "CPU"],
  ["memory", "memory"],
  ["disk", "disk"],
] as const;

/** Archived ones give back everything, stopped ones all but their disk. */
const HOLDS_NOTHING = new Set(["archived", "destroyed", "error"]);
const HOLDS_DISK = new Set(["stopped", "archiving"]);

/**
 * Refuses what would go beyond the organization's share.
 *
 * @param others all sandboxes but the one that is to be made or started
 * @throws ApiError 403 as the service words it
 */
export function requireRoom(
  quota: Behaviour["quota"],
  wanted: Pick<CreateRequest, "cpu" | "memory" | "disk">,
  others: SandboxRecord[],
): void {
  const live = others.filter(({ state }) => !HOLDS_NOTHING.has(state));
  const { sandboxes } = quota;
  const running = live.filter(({ state }) => !HOLDS_DISK.has(state));
  if (sandboxes !== undefined && running.length >= sandboxes) {
    throw exceeded("sandbox", sandboxes);
  }
  for (const [resource, word] of RESOURCES) {
    const limit = quota[resource];
    if (limit === undefined) continue;
    const holders = resource === "disk" ? live : running;
    const used = holders.reduce((sum, record) => sum + record[resource], 0);
    if (used + wanted[resource] > limit) throw exceeded(word, limit);
  }
}

function exceeded(what: string, limit: number): ApiError {
  return new ApiError(
    403,
    `Total ${what} limit exceeded. Maximum allowed: ${limit}.`,
  );
}

/** Creates of the last minute; a minute is as long as the server's. */
export class CreateRate {
  private times: number[] = [];

  constructor(private readonly minuteMs: number) {}

  /** @throws ApiError 429 when the minute is used up. */
  take(most: number | undefined): void {
    const now = Date.now();
    this.times = this.times.filter((at) => now - at < this.minuteMs);
    if (most !== undefined && this.times.length >= most) {
      throw new ApiError(429, "Rate limit exceeded: too many creates a minute");
    }
    this.times.push(now);
  }
}
