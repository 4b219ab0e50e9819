import { describe, expect, test } from "bun:test";
import {
  isEnding,
  keepsAlive,
  stopsAt,
  watchAgain,
  type Use,
} from "./keepAlive";
import {
  AUTO_STOP,
  KEEP_ALIVE,
  STOP_WARNING,
  WATCH,
  WATCH_BEAT,
} from "./timing";

const T = 1_000_000_000;
const idle: Use = { actedAt: T, watchedUntil: 0, working: false };

describe("keeping alive", () => {
  test("a sandbox that nobody uses is left to the provider", () => {
    expect(keepsAlive(idle, T)).toBe(false);
  });

  test("while the agent works, and while a tab watches", () => {
    expect(keepsAlive({ ...idle, working: true }, T)).toBe(true);
    const watched = { ...idle, watchedUntil: T + WATCH };
    expect(keepsAlive(watched, T + WATCH - 1)).toBe(true);
    expect(keepsAlive(watched, T + WATCH)).toBe(false);
  });

  test("ends for both when no person has done anything for long enough", () => {
    const late = T + KEEP_ALIVE;
    const busy = { actedAt: T, watchedUntil: late + WATCH, working: true };
    expect(keepsAlive(busy, late - 1)).toBe(true);
    expect(keepsAlive(busy, late)).toBe(false);
    expect(keepsAlive({ ...busy, actedAt: late }, late)).toBe(true);
  });

  test("a tab that never stops watching holds it for a bounded time", () => {
    let confirmedAt = T;
    let watchedUntil = 0;
    let now = T;
    while (now < stopsAt(confirmedAt)) {
      watchedUntil = watchAgain(watchedUntil, now) ?? watchedUntil;
      if (keepsAlive({ ...idle, watchedUntil }, now)) confirmedAt = now;
      now += WATCH_BEAT;
      expect(now - T).toBeLessThanOrEqual(KEEP_ALIVE + AUTO_STOP);
    }
    expect(now - T).toBeGreaterThan(KEEP_ALIVE);
  });
});

test("a stop is announced in its last minutes and not before", () => {
  expect(isEnding(T, T + AUTO_STOP - STOP_WARNING - 1)).toBe(false);
  expect(isEnding(T, T + AUTO_STOP - STOP_WARNING)).toBe(true);
  expect(STOP_WARNING).toBeLessThan(AUTO_STOP);
});

test("one lost beat is forgiven, and tabs beyond the first write nothing", () => {
  expect(WATCH).toBeGreaterThan(2 * WATCH_BEAT);
  const until = watchAgain(0, T);
  expect(until).toBe(T + WATCH);
  expect(watchAgain(T + WATCH, T + WATCH_BEAT / 4)).toBeNull();
  expect(watchAgain(T + WATCH, T + WATCH_BEAT)).toBe(T + WATCH_BEAT + WATCH);
});
