"use client";

import { useNow } from "../data/clock";
import {
  formatAge,
  formatCountdown,
  formatDuration,
  formatSpan,
} from "../data/format";
import { useClock, useServerNow } from "../data/server-clock";

/** "4 min ago", with the exact time on hover. */
export function Age({ at }: { at: number }) {
  const now = useClock(15_000);
  const exact = new Date(at).toISOString();
  return (
    <time dateTime={exact} title={exact} className="tabular">
      {now === null ? "…" : formatAge(at, now)}
    </time>
  );
}

/** "for 12 min": how long a state has lasted, coarsely. */
export function Lasting({ since }: { since: number }) {
  const now = useClock(15_000);
  const exact = new Date(since).toISOString();
  return (
    <time dateTime={exact} title={exact} className="tabular">
      {now === null ? "…" : `for ${formatSpan(now - since)}`}
    </time>
  );
}

/** "6 days": how long it is until something happens on the server, coarsely. */
export function Left({ to }: { to: number }) {
  const now = useServerNow(15_000);
  const exact = new Date(to).toISOString();
  return (
    <time dateTime={exact} title={exact} className="tabular">
      {now === null ? "…" : formatSpan(Math.max(0, to - now))}
    </time>
  );
}

/** How long something has been going on, or went on, by the server's clock. */
export function Elapsed({ from, to }: { from: number; to: number | null }) {
  const now = useClock(to === null ? 100 : null);
  const end = to ?? now;
  return (
    <span className="tabular">
      {end === null ? "…" : formatDuration(end - from)}
    </span>
  );
}

/** How long this page has shown something, by this machine's clock. */
export function Shown({ since }: { since: number }) {
  const now = useNow(100);
  return (
    <span className="tabular">
      {now === null ? "…" : formatDuration(now - since)}
    </span>
  );
}

/** Time left until something happens on the server, by the server's clock. */
export function Countdown({ to }: { to: number }) {
  const now = useServerNow(1_000);
  return (
    <span className="tabular">
      {now === null ? "…" : formatCountdown(to - now)}
    </span>
  );
}
