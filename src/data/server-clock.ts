"use client";

import { useMutation } from "convex/react";
import { useEffect, useSyncExternalStore } from "react";
import { api } from "@convex/_generated/api";
import { useNow } from "./clock";

/** By how much the server's clock is ahead of this machine's, in ms; null until it was asked. */
let ahead: number | null = null;
let asking = false;
const listeners = new Set<() => void>();

/**
 * The server's time, renewed every `interval` ms while shown: what a countdown
 * counts against, for this machine's clock may be hours off. Null until known.
 * It is for showing; nothing is decided by it. With a null `interval` it is not asked.
 */
export function useServerNow(interval: number | null): number | null {
  const shown = interval !== null;
  const here = useNow(interval);
  const difference = useSyncExternalStore(listen, read, unknown);
  const serverTime = useMutation(api.presence.now);

  useEffect(() => {
    if (!shown) return;
    const ask = async () => {
      if (asking || document.visibilityState !== "visible") return;
      asking = true;
      try {
        const measured = await measure(() => serverTime({}));
        if (measured === null) return;
        ahead = measured;
        for (const listener of listeners) listener();
      } finally {
        asking = false;
      }
    };
    const askAgain = () => {
      ask().catch((error: unknown) => {
        // Without an answer there is no countdown; the next look at the tab asks again.
        console.warn("The server's clock is not known.", error);
      });
    };
    if (ahead === null) askAgain();
    // A machine that slept may have set its clock.
    document.addEventListener("visibilitychange", askAgain);
    return () => document.removeEventListener("visibilitychange", askAgain);
  }, [serverTime, shown]);

  return here === null || difference === null ? null : here + difference;
}

/** The same, or this machine's time until the server's is known: for how long ago something was. */
export function useClock(interval: number | null): number | null {
  const here = useNow(interval);
  return useServerNow(interval) ?? here;
}

/** An answer that took longer says too little of when it was given. */
const SOON_MS = 5_000;
const TRIES = 3;

/**
 * By how much the server's clock is ahead, by its first answer that came soon:
 * while the line is down a question is held, for minutes even. Null without one.
 */
export async function measure(
  serverTime: () => Promise<number>,
  now: () => number = Date.now,
): Promise<number | null> {
  for (let n = 0; n < TRIES; n++) {
    const sentAt = now();
    const there = await serverTime();
    const receivedAt = now();
    if (receivedAt - sentAt <= SOON_MS) {
      return aheadBy(sentAt, there, receivedAt);
    }
  }
  return null;
}

/** The difference of two clocks, taken halfway through the request. */
export function aheadBy(
  sentAt: number,
  there: number,
  receivedAt: number,
): number {
  return Math.round(there - (sentAt + receivedAt) / 2);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const read = () => ahead;
const unknown = () => null;
