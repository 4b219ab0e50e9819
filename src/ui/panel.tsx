import type { ReactNode } from "react";
import { cx } from "./cx";
import { FOCUS_HOME } from "./focus-home";

/** A sheet of paper on the table. */
export function Panel({
  className,
  children,
}: {
  className?: string;
  children: ReactNode;
}) {
  return (
    <div
      className={cx(
        "rounded-lg border border-line bg-surface shadow-card",
        className,
      )}
    >
      {children}
    </div>
  );
}

/** A section with a heading and, at its right, what can be done there. */
export function Section({
  title,
  caption,
  aside,
  children,
  id,
}: {
  title: string;
  caption?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  id: string;
}) {
  return (
    <section aria-labelledby={id}>
      <div className="mb-3.5 flex min-h-8 flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1">
          <h2
            {...FOCUS_HOME}
            id={id}
            className="text-lg font-semibold tracking-[-0.01em]"
          >
            {title}
          </h2>
          {caption ? <p className="text-sm text-ink-3">{caption}</p> : null}
        </div>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Nothing here yet: says why and what would put something here. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center rounded-lg border border-dashed border-line-strong px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      {children ? (
        <p className="mt-1 max-w-[44ch] text-sm text-balance text-ink-3">
          {children}
        </p>
      ) : null}
      {action ? <div className="mt-5">{action}</div> : null}
    </div>
  );
}
