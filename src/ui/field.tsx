import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";

const INPUT =
  "w-full rounded-md border border-line-strong bg-surface px-3 text-ink shadow-card transition-colors placeholder:text-ink-3 hover:border-ink-3 focus-visible:border-accent-ink focus-visible:outline-offset-0 disabled:opacity-55 aria-invalid:border-danger";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return (
    <input
      // 16 px on phones, or iOS zooms in when it is focused.
      className={cx(INPUT, "h-9.5 text-base max-sm:text-[1rem]", className)}
      {...rest}
    />
  );
}

/** A labelled control with help or, when something is wrong, what is wrong. */
export function Field({
  id,
  label,
  help,
  problem,
  children,
}: {
  id: string;
  label: string;
  help?: ReactNode;
  problem?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      {children}
      {problem ? (
        <p
          id={`${id}-about`}
          role="alert"
          className="mt-1.5 text-[0.8125rem] leading-5 text-danger"
        >
          {problem}
        </p>
      ) : help ? (
        <p
          id={`${id}-about`}
          className="mt-1.5 text-[0.8125rem] leading-5 text-ink-3"
        >
          {help}
        </p>
      ) : null}
    </div>
  );
}
