import { messageOf } from "../errors";
import type { Activity } from "./activity";
import type { Lifecycle } from "./lifecycle";
import type { Registry, SandboxRecord } from "./registry";
import { TRANSITIONS } from "./states";

/** A look comes late on a busy machine, but not by this much. */
const SLEPT_MS = 30_000;

/**
 * Writes what could not be written before, stops what has been idle for its interval, archives and deletes what has been
 * stopped for longer than it asked to be kept, and destroys what has had its time.
 *
 * @param minuteMs how long a minute of the intervals lasts; tests shorten it
 * @param every ms between two looks
 */
export function keepHouse(
  registry: Registry,
  lifecycle: Lifecycle,
  activity: Activity,
  minuteMs: number,
  every = Math.min(5_000, minuteMs / 6),
): { stop(): void } {
  let lookedAt = Date.now();
  let awakeSince = 0;
  const look = () => {
    const now = Date.now();
    // The machine slept: nobody could use anything meanwhile.
    if (now - lookedAt > every + SLEPT_MS) awakeSince = now;
    lookedAt = now;
    try {
      registry.catchUp();
    } catch (error) {
      console.error(`sandbox registry: ${messageOf(error)}`);
    }
    for (const record of registry.all()) {
      const usedAt = Math.max(record.lastActivityAt, awakeSince);
      const busy = activity.isBusy(record.id);
      const work = due(
        { ...record, lastActivityAt: usedAt },
        now,
        minuteMs,
        busy,
      );
      if (work === null) continue;
      lifecycle[work](record.id).catch((error) => {
        // Somebody changed its state first: the next look sees how it went.
        console.error(`sandbox ${record.name}: ${messageOf(error)}`);
      });
    }
  };
  const timer = setInterval(look, every);
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
