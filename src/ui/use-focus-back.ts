"use client";

import { useEffect, useRef } from "react";

/**
 * For the button that opens something: closing that gives the focus back to the
 * button, where it would be lost with what is gone. Elsewhere it stays.
 */
export function useFocusBack(open: boolean) {
  const opener = useRef<HTMLButtonElement>(null);
  const was = useRef(open);
  useEffect(() => {
    if (was.current && !open && isFocusLost()) opener.current?.focus();
    was.current = open;
  }, [open]);
  return opener;
}

/** What was hidden has the focus until the page is next painted. */
function isFocusLost(): boolean {
  const at = document.activeElement;
  return at === null || at === document.body || !at.checkVisibility();
}
