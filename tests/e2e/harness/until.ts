/**
 * Asks until the answer is something, and gives it. Asks at least once.
 *
 * @throws Error naming what was waited for, with the last error if asking failed.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  { withinMs = 30_000, everyMs = 100 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await Bun.sleep(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`No ${what} within ${withinMs / 1000} s.`, { cause: last });
}
