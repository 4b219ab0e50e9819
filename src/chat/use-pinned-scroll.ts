"use client";

import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

/** This close to the end counts as reading along. */
const NEAR_PX = 72;

/** How far it can be scrolled. */
const endOf = (frame: HTMLElement) => frame.scrollHeight - frame.clientHeight;

/**
 * Keeps the end in view while the reader is there, and leaves them alone once they
 * have scrolled up. What is added at the top does not move what is being read.
 */
export function usePinnedScroll(firstKey: string | undefined) {
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const height = useRef(0);
  const end = useRef(0);
  const [away, setAway] = useState(false);

  useEffect(() => {
    const outer = frame.current;
    const inner = content.current;
    if (!outer || !inner) return;
    function follow() {
      if (outer && pinned.current) outer.scrollTop = outer.scrollHeight;
      if (!outer) return;
      height.current = outer.scrollHeight;
      end.current = endOf(outer);
    }
    function look() {
      if (!outer) return;
      // A scroll is told a frame late. What grew since, as a message that was just
      // sent, the reader has not scrolled away from.
      const below = Math.min(end.current, endOf(outer)) - outer.scrollTop;
      pinned.current = below < NEAR_PX;
      setAway(!pinned.current);
    }
    const observer = new ResizeObserver(follow);
    observer.observe(inner);
    observer.observe(outer);
    outer.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      outer.removeEventListener("scroll", look);
    };
  }, []);

  const before = useRef(firstKey);
  useLayoutEffect(() => {
    const outer = frame.current;
    if (!outer) return;
    if (before.current !== firstKey && before.current && !pinned.current) {
      outer.scrollTop += outer.scrollHeight - height.current;
    }
    before.current = firstKey;
    height.current = outer.scrollHeight;
  }, [firstKey]);

  // At once: a long way, gone slowly, looks like a reader who scrolls up, and ends
  // where the end was when it began.
  const toEnd = useCallback(() => {
    pinned.current = true;
    setAway(false);
    const outer = frame.current;
    if (outer) outer.scrollTop = outer.scrollHeight;
  }, []);

  return { frame, content, away, toEnd };
}
