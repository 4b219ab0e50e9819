import type { ReactNode } from "react";
import type { Failure } from "../data/failure";
import { cx } from "./cx";
import { Icon, type IconName } from "./icon";
import type { Tone } from "./status";

const LOOKS: Record<Tone, { box: string; icon: string; name: IconName }> = {
  neutral: {
    box: "border-line bg-surface",
    icon: "text-ink-3",
    name: "anchor",
  },
  accent: {
    box: "border-accent/30 bg-accent-soft",
    icon: "text-accent-ink",
    name: "anchor",
  },
  ok: { box: "border-ok/30 bg-ok-soft", icon: "text-ok", name: "check" },
  busy: {
    box: "border-busy/30 bg-busy-soft",
    icon: "text-busy",
    name: "clock",
  },
  warn: {
    box: "border-warn/30 bg-warn-soft",
    icon: "text-warn",
    name: "alert",
  },
  danger: {
    box: "border-danger/30 bg-danger-soft",
    icon: "text-danger",
    name: "alert",
  },
};

/** Something a person should know, where it matters, with a way on. */
export function Callout({
  tone,
  title,
  icon,
  children,
  actions,
  role,
}: {
  tone: Tone;
  title: ReactNode;
  icon?: IconName;
  children?: ReactNode;
  actions?: ReactNode;
  role?: "alert" | "status";
}) {
  const look = LOOKS[tone];
  return (
    <div
      className={cx(
        "flex gap-3 rounded-lg border p-4 text-sm text-ink-2",
        look.box,
      )}
    >
      <Icon name={icon ?? look.name} className={cx("mt-0.75", look.icon)} />
      <div className="min-w-0 flex-1">
        {/* Without the buttons: what comes of pressing one is said by itself. */}
        <div role={role}>
          <p className="font-medium text-ink">{title}</p>
          {children ? <div className="mt-1 break-words">{children}</div> : null}
        </div>
        {actions ? (
          <div className="mt-3 flex flex-wrap gap-2">{actions}</div>
        ) : null}
      </div>
    </div>
  );
}

/** A failure as the server words it: what happened, what to do, and its code. */
export function FailureCallout({
  failure,
  title,
  actions,
  quiet = false,
}: {
  failure: Failure;
  title?: string;
  actions?: ReactNode;
  /** It is said elsewhere when it happens: nobody is interrupted for it. */
  quiet?: boolean;
}) {
  return (
    <Callout
      tone="danger"
      role={quiet ? undefined : "alert"}
      title={title ?? failure.message}
      actions={actions}
    >
      {title ? <p>{failure.message}</p> : null}
      <p>{failure.next}</p>
      <p className="mt-2 font-mono text-2xs text-ink-3">{failure.code}</p>
    </Callout>
  );
}
