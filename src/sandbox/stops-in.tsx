import type { SandboxView } from "../data/types";
import { Icon } from "../ui/icon";
import { Countdown } from "../ui/time";

/**
 * The time left before a running sandbox stops by itself, in as little room as
 * it takes. Nothing once the stop is announced: the announcement counts down.
 */
export function StopsIn({
  sandbox: { state, autoStopAt, warnedAt },
}: {
  sandbox: Pick<SandboxView, "state" | "autoStopAt" | "warnedAt">;
}) {
  if (state.status !== "running") return null;
  if (autoStopAt === null || warnedAt !== null) return null;
  return (
    <span
      title="Stops by itself after this time, if nobody uses it"
      className="inline-flex items-center gap-1 font-mono text-xs whitespace-nowrap text-ink-3"
    >
      <Icon name="clock" size={12} />
      <span className="sr-only">Stops, if idle, in</span>
      <Countdown to={autoStopAt} />
    </span>
  );
}
