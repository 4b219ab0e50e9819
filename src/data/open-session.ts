"use client";

import { useRouter } from "next/navigation";
import { useCallback } from "react";
import { sessionPath } from "../routes";

/** A session just launched may not be readable for this long. */
export const LAUNCH_PATIENCE_MS = 10_000;

const KEY = (sessionId: string) => `slipway.launched.${sessionId}`;

/**
 * The way into a session that was just launched: its record was written a moment ago,
 * so that its page waits for it instead of saying "not found".
 */
export function useOpenLaunched(): (sessionId: string) => void {
  const router = useRouter();
  return useCallback(
    (sessionId) => {
      sessionStorage.setItem(KEY(sessionId), String(Date.now()));
      router.push(sessionPath(sessionId));
    },
    [router],
  );
}

/** When this tab launched the session, in ms; null if it did not. */
export function launchedAt(sessionId: string): number | null {
  if (typeof sessionStorage === "undefined") return null; // rendering on the server
  const at = Number(sessionStorage.getItem(KEY(sessionId)));
  return at > 0 ? at : null;
}
