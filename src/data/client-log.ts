import { isFailure } from "@convex/model/errors";

/**
 * The Convex client's log: the console, without refusals of ours. Those are answers,
 * which the page words for who asked; in red they read as faults of the product.
 */
export const clientLog = {
  // Each frame of the socket; as the client's own log, not unless it is asked for.
  logVerbose: () => undefined,
  log: (...said: unknown[]) => console.log(...said),
  warn: (...said: unknown[]) => console.warn(...said),
  error: (...said: unknown[]) => {
    if (!said.some(isRefusal)) console.error(...said);
  },
};

/** The client tells of an error in one text; the data of ours is in it as JSON. */
function isRefusal(said: unknown): boolean {
  const json = /ConvexError: (\{.*\})/.exec(String(said))?.[1];
  if (json === undefined) return false;
  try {
    return isFailure(JSON.parse(json));
  } catch {
    return false; // not data of ours
  }
}
