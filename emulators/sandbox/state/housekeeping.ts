import { messageOf } from "../errors";
import type { Activity } from "./activity";
import type { Lifecycle } from "./lifecycle";
import type { Registry } from "./registry";

/**
 * Stops what has been idle for its interval, and deletes what has been stopped
 * for longer than it asked to be kept.
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
    for (const record of registry.all()) {
      const { id, state, autoStopInterval, autoDeleteInterval } = record;
      const idle = now - record.lastActivityAt;
      const stopped = now - record.updatedAt;
      const work =
        state === "started" &&
        autoStopInterval > 0 &&
        idle >= autoStopInterval * minuteMs &&
        !activity.isBusy(id)
          ? lifecycle.stop(id)
          : state === "stopped" &&
              autoDeleteInterval > 0 &&
              stopped >= autoDeleteInterval * minuteMs
            ? lifecycle.delete(id)
            : null;
      work?.catch((error) => {
        // Somebody changed its state first: the next look sees how it went.
        console.error(`sandbox ${record.name}: ${messageOf(error)}`);
      });
    }
  };
  const timer = setInterval(look, Math.min(5_000, minuteMs / 6));
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
