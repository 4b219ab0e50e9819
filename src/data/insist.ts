import { isRefusal } from "./failure";

/** Waits before each further try, drawn from half to half as much again: those crowded out together part. */
const WAITS_MS = [200, 600, 1_500];

/**
 * Sends what has an id of its own, so that twice is once, and sends it again
 * where the server could not take it: writes of many tabs at once may crowd one
 * another out. What it refuses with a reason stands.
 *
 * @throws what the last try threw
 */
export async function insist<T>(
  send: () => Promise<T>,
  waits: readonly number[] = WAITS_MS,
): Promise<T> {
  for (const wait of waits) {
    try {
      return await send();
    } catch (error) {
      if (isRefusal(error)) throw error;
    }
    const drawn = wait * (0.5 + Math.random());
    await new Promise((done) => setTimeout(done, drawn));
  }
  return send();
}
