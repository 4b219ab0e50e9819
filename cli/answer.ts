import type { z } from "zod";

/** Something answers, but not as the Slipway that this command line is of. */
export class Misunderstood extends Error {}

/** What `origin` answered, as what was expected. @throws Misunderstood */
export function understand<T>(
  origin: string,
  expected: z.ZodType<T>,
  given: unknown,
): T {
  const parsed = expected.safeParse(given);
  if (parsed.success) return parsed.data;
  const [fault] = parsed.error.issues; // the first tells enough, on one line
  const at = fault?.path.length ? ` (at ${fault.path.join(".")})` : "";
  throw new Misunderstood(
    `${origin} does not answer as Slipway does: ${fault?.message ?? "no words"}${at}.`,
  );
}

/** The value of a text, or the text itself: a page of some proxy, say. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // whoever expected something else says what
  }
}
