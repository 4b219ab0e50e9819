"use client";

import { useLayoutEffect, useRef } from "react";

/**
 * For the button that opens something: closing that gives the focus back to the
 * button, where it would be lost with what is gone. Elsewhere it stays.
 */
export function useFocusBack(open: boolean) {
  const opener = useRef<HTMLButtonElement>(null);
  const was = useRef(open);
  useLayoutEffect(() => {
    if (was.current && !open && isFocusLost()) opener.current?.focus();
    was.current = open;
  }, [open]);
  return opener;
}

/** What was hidden or disabled has the focus until the page is next painted. */
export function isFocusLost(): boolean {
  const at = document.activeElement;
  if (at === null || at === document.body) return true;
  return at.matches(":disabled") || !at.checkVisibility();
}
