"use client";

import { useState, type ReactNode } from "react";

/** A disclosure whose content exists, and asks for its records, only once it was opened. */
export function LazyDetails({
  className,
  summary,
  children,
}: {
  className?: string;
  /** The `summary` element. */
  summary: ReactNode;
  children: ReactNode;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <details
      className={className}
      onToggle={(event) => {
        if (event.currentTarget.open) setOpened(true);
      }}
    >
      {summary}
      {opened ? children : null}
    </details>
  );
}
