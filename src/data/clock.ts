"use client";

import { useCallback, useSyncExternalStore } from "react";

type Ticker = { now: number; listeners: Set<() => void>; stop: () => void };
const tickers = new Map<number, Ticker>();

/**
 * The time, renewed every `interval` ms while shown; one timer per interval for the
 * whole page. Null on the server and while hydrating, and while `interval` is null.
 */
export function useNow(interval: number | null): number | null {
  // The same function at each render: another would start the timer anew, at
  // another time, which renders again.
  const subscribe = useCallback(
    (listener: () => void) =>
      interval === null ? () => undefined : watch(interval, listener),
    [interval],
  );
  return useSyncExternalStore(
    subscribe,
    () => (interval === null ? null : (tickers.get(interval)?.now ?? coarse())),
    () => null,
  );
}

function watch(interval: number, listener: () => void): () => void {
  const ticker = tickers.get(interval) ?? start(interval);
  ticker.listeners.add(listener);
  return () => {
    ticker.listeners.delete(listener);
    if (ticker.listeners.size > 0) return;
    ticker.stop();
    tickers.delete(interval);
  };
}

function start(interval: number): Ticker {
  const timer = setInterval(() => {
    ticker.now = Date.now();
    for (const listener of ticker.listeners) listener();
  }, interval);
  const ticker: Ticker = {
    now: Date.now(),
    listeners: new Set(),
    stop: () => clearInterval(timer),
  };
  tickers.set(interval, ticker);
  return ticker;
}

/** Before the first subscription: stable between two reads of one render. */
let last = 0;
function coarse(): number {
  const now = Date.now();
  if (now - last > 50) last = now;
  return last;
}
