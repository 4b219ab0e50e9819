import { createHash } from "node:crypto";
import { ApiError } from "./problem";

/** A keyed request, as the functions take it (convex/idempotency). */
export type Once = { route: string; key: string; bodyHash: string };

/**
 * What makes a request with an Idempotency-Key run once, or undefined without
 * one. `asked` is all it asks for: path parameters and body.
 *
 * @throws ApiError `bad_request` for a key that is empty or over 200 characters.
 */
export function onceOf(
  request: Request,
  route: string,
  asked: unknown,
): Once | undefined {
  const key = request.headers.get("idempotency-key")?.trim();
  if (key === undefined) return undefined;
  // An empty one is a variable that was not set, and its sender counts on it.
  if (key === "" || key.length > 200) {
    throw new ApiError(
      "bad_request",
      "An Idempotency-Key has 1 to 200 characters.",
    );
  }
  const bodyHash = createHash("sha256")
    .update(JSON.stringify(asked))
    .digest("hex");
  return { route, key, bodyHash };
}
