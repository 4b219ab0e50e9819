"use client";

import { useEffect } from "react";
import { isFocusLost } from "./use-focus-back";

/** Of a heading: it takes the focus of a control near it that is gone. */
export const FOCUS_HOME = { "data-focus-home": true, tabIndex: -1 } as const;

const HOME = "[data-focus-home]";

/**
 * A button that goes away because it was pressed takes the focus with it, and who
 * uses the keyboard or listens is sent to the top of the page. The nearest home that
 * is left gets it. Once, for the whole page. Whoever knows a better place puts the
 * focus there in a layout effect, which comes before this looks.
 */
export function useFocusKept(): void {
  useEffect(() => {
    /** What has the focus, and all that it is in: once it is gone, nothing else says where it was. */
    let path: Element[] = [];

    function note({ target }: FocusEvent) {
      path = target instanceof Element ? withAncestors(target) : [];
    }
    function left() {
      // Told of what is removed, too, and before it is.
      queueMicrotask(() => {
        if (path[0] && isThere(path[0]) && isFocusLost()) path = [];
      });
    }
    function look() {
      const [held] = path;
      if (!held || !isFocusLost() || isThere(held)) return;
      const home = homeIn(path);
      path = [];
      // Not scrolled to: who uses a mouse looks at what they pressed.
      home?.focus({ preventScroll: true });
    }

    const observer = new MutationObserver(look);
    observer.observe(document.body, {
      childList: true,
      subtree: true,
      attributeFilter: ["open", "disabled"],
    });
    document.addEventListener("focusin", note);
    document.addEventListener("focusout", left);
    return () => {
      observer.disconnect();
      document.removeEventListener("focusin", note);
      document.removeEventListener("focusout", left);
    };
  }, []);
}

function withAncestors(element: Element): Element[] {
  const { parentElement } = element;
  return [element, ...(parentElement ? withAncestors(parentElement) : [])];
}

function isThere(element: Element): boolean {
  return (
    element.isConnected &&
    element.checkVisibility() &&
    !element.matches(":disabled")
  );
}

function homeIn(path: Element[]): HTMLElement | null {
  for (const place of path) {
    if (place.matches("main")) return null; // what is in it now is another page
    if (!place.isConnected) continue;
    if (place instanceof HTMLElement && place.matches(HOME)) return place;
    const home = place.querySelector<HTMLElement>(HOME);
    if (home?.checkVisibility()) return home;
    // Who was reading there goes on from there, not at the box below it.
    if (place.matches("[role=log]")) return null;
  }
  return null;
}
