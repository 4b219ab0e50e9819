import Link, { type LinkProps } from "next/link";
import type { Route } from "next";
import type { ComponentProps, MouseEvent, ReactNode } from "react";
import { cx } from "./cx";
import { Icon, type IconName } from "./icon";
import { Spinner } from "./spinner";

type Look = {
  variant?: "primary" | "secondary" | "ghost" | "danger" | "grave";
  size?: "sm" | "md" | "lg";
};

const BASE =
  "inline-flex select-none items-center justify-center whitespace-nowrap font-medium transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:pointer-events-none aria-disabled:opacity-55";

const VARIANTS = {
  primary:
    "bg-accent text-on-accent shadow-card enabled:hover:bg-accent-hover [a&]:hover:bg-accent-hover",
  secondary:
    "border border-line-strong bg-surface text-ink shadow-card enabled:hover:border-ink-3 [a&]:hover:border-ink-3",
  ghost:
    "text-ink-2 enabled:hover:bg-ink/6 enabled:hover:text-ink [a&]:hover:bg-ink/6 [a&]:hover:text-ink",
  danger:
    "border border-danger/45 bg-surface text-danger enabled:hover:bg-danger-soft",
  // What cannot be undone, where it is done: no lighter than what can.
  grave: "bg-danger text-paper shadow-card enabled:hover:bg-danger/90",
};

const SIZES = {
  sm: "h-8 gap-1.5 rounded-md px-2.5 text-[0.8125rem]",
  md: "h-9.5 gap-2 rounded-md px-3.5 text-sm",
  lg: "h-12 gap-2.5 rounded-lg px-5 text-base",
};

function classes({ variant = "secondary", size = "md" }: Look): string {
  return cx(BASE, VARIANTS[variant], SIZES[size]);
}

/** Also of the press that Enter in a form's field stands for. */
const notNow = (event: MouseEvent) => event.preventDefault();

export function Button({
  variant,
  size,
  icon,
  busy = false,
  className,
  children,
  onClick,
  ...rest
}: ComponentProps<"button"> & Look & { icon?: IconName; busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      // Not `disabled`: that takes the focus from whoever pressed it by keyboard.
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? notNow : onClick}
      className={cx(classes({ variant, size }), className)}
    >
      {busy ? <Spinner /> : icon ? <Icon name={icon} /> : null}
      {children}
    </button>
  );
}

export function ButtonLink({
  variant,
  size,
  icon,
  className,
  children,
  ...rest
}: Omit<LinkProps<Route>, "children" | "className"> &
  Look & { icon?: IconName; className?: string; children: ReactNode }) {
  return (
    <Link {...rest} className={cx(classes({ variant, size }), className)}>
      {icon ? <Icon name={icon} /> : null}
      {children}
    </Link>
  );
}

/** A square button with only a picture; its name is read out and shown on hover. */
export function IconButton({
  icon,
  label,
  className,
  ...rest
}: ComponentProps<"button"> & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        "inline-flex size-8 items-center justify-center rounded-md text-ink-3 transition-colors duration-100 enabled:hover:bg-ink/6 enabled:hover:text-ink disabled:opacity-40",
        className,
      )}
    >
      <Icon name={icon} />
    </button>
  );
}
