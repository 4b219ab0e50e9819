import type { Clock } from "../clock";

/** Waits for `work`, but no longer than `ms`. The work itself is not stopped. */
export async function within<T>(
  clock: Clock,
  ms: number,
  tooLate: string,
  work: () => Promise<T>,
): Promise<T> {
  let cancel = () => {};
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(new Error(tooLate)));
  });
  try {
    return await Promise.race([work(), deadline]);
  } finally {
    cancel();
  }
}
