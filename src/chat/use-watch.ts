"use client";

import { useMutation } from "convex/react";
import { useEffect } from "react";
import { api } from "@convex/_generated/api";
import { WATCH_BEAT } from "@convex/model/timing";
import { worthRetrying } from "../data/failure";

/**
 * Says each minute that this tab shows the session, while it is visible and
 * online: its sandbox is kept running meanwhile. The server decides for how
 * long; a tab that is closed has nothing to take back. Null says nothing.
 */
export function useWatch(sessionId: string | null): void {
  const watch = useMutation(api.presence.watch);

  useEffect(() => {
    if (sessionId === null) return;
    let lastAt = -Infinity;
    let sending = false;
    let over = false;
    const beat = async () => {
      const early = performance.now() - lastAt < WATCH_BEAT / 2;
      const away = document.visibilityState !== "visible" || !navigator.onLine;
      // One at a time: those sent while the line is down would pile up.
      if (over || sending || early || away) return;
      sending = true;
      lastAt = performance.now();
      try {
        await watch({ sessionId });
      } catch (error) {
        over = !worthRetrying(error); // else the next beat says it again
      } finally {
        sending = false;
      }
    };
    const say = () => void beat();
    say();
    const timer = setInterval(say, WATCH_BEAT);
    document.addEventListener("visibilitychange", say);
    window.addEventListener("online", say);
    return () => {
      over = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", say);
      window.removeEventListener("online", say);
    };
  }, [sessionId, watch]);
}
