import type { ReactNode } from "react";

/**
 * What a screen reader says when it changes. It stays where its words come and go:
 * a region that comes together with its words is not read out everywhere.
 */
export function Spoken({ children }: { children: ReactNode }) {
  return (
    <p role="status" className="sr-only">
      {children}
    </p>
  );
}
