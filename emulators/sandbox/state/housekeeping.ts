import { messageOf } from "../errors";
import type { Activity } from "./activity";
import type { Lifecycle } from "./lifecycle";
import type { Registry, SandboxRecord } from "./registry";
import { TRANSITIONS } from "./states";

/**
 * Writes what could not be written before, stops what has been idle for its interval, archives and deletes what has been
 * stopped for longer than it asked to be kept, and destroys what has had its time.
 *
 * @param minuteMs how long a minute of the intervals lasts; tests shorten it
 */
export function keepHouse(
  registry: Registry,
  lifecycle: Lifecycle,
  activity: Activity,
  minuteMs: number,
): { stop(): void } {
  const look = () => {
    const now = Date.now();
    try {
      registry.catchUp();
    } catch (error) {
      console.error(`sandbox registry: ${messageOf(error)}`);
    }
    for (const record of registry.all()) {
      const work = due(record, now, minuteMs, activity.isBusy(record.id));
      if (work === null) continue;
      lifecycle[work](record.id).catch((error) => {
        // Somebody changed its state first: the next look sees how it went.
        console.error(`sandbox ${record.name}: ${messageOf(error)}`);
      });
    }
  };
  const timer = setInterval(look, Math.min(5_000, minuteMs / 6));
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function due(
  record: SandboxRecord,
  now: number,
  minuteMs: number,
  busy: boolean,
): "stop" | "archive" | "delete" | null {
  const { state, destroyAt } = record;
  if (TRANSITIONS.has(state)) return null;
  if (destroyAt !== null && now >= destroyAt) return "delete";
  const past = (minutes: number, since: number) =>
    minutes > 0 && now - since >= minutes * minuteMs;
  if (state === "started") {
    const idle = past(record.autoStopInterval, record.lastActivityAt);
    return idle && !busy ? "stop" : null;
  }
  if (state !== "stopped" && state !== "archived") return null;
  if (past(record.autoDeleteInterval, record.updatedAt)) return "delete";
  return state === "stopped" &&
    past(record.autoArchiveInterval, record.updatedAt)
    ? "archive"
    : null;
}
