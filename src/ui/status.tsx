import type { ReactNode } from "react";
import { cx } from "./cx";

export type Tone = "neutral" | "ok" | "busy" | "warn" | "danger" | "accent";

const DOTS: Record<Tone, string> = {
  neutral: "bg-ink-3",
  ok: "bg-ok",
  busy: "bg-busy",
  warn: "bg-warn",
  danger: "bg-danger",
  accent: "bg-accent",
};

const TINTS: Record<Tone, string> = {
  neutral: "bg-ink/7 text-ink-2",
  ok: "bg-ok-soft text-ok",
  busy: "bg-busy-soft text-busy",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
  accent: "bg-accent-soft text-accent-ink",
};

/** A state in words, with a dot that says it again in colour. */
export function Status({
  tone,
  live = false,
  children,
}: {
  tone: Tone;
  /** Something is happening now. */
  live?: boolean;
  children: ReactNode;
}) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap text-[0.8125rem] leading-5 text-ink-2">
      <span
        aria-hidden="true"
        className={cx(
          "size-2 shrink-0 rounded-full",
          DOTS[tone],
          live && "animate-breathe",
        )}
      />
      {children}
    </span>
  );
}

/** A short label in a tinted box. */
export function Chip({
  tone = "neutral",
  mono = false,
  title,
  children,
}: {
  tone?: Tone;
  mono?: boolean;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span
      title={title}
      className={cx(
        "inline-flex h-5.5 max-w-full items-center gap-1 whitespace-nowrap rounded-sm px-1.5 text-xs font-medium",
        mono && "font-mono font-normal",
        TINTS[tone],
      )}
    >
      {children}
    </span>
  );
}
