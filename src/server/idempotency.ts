import { createHash, randomUUID } from "node:crypto";
import type { ConvexHttpClient } from "convex/browser";
import { api } from "@convex/_generated/api";
import { ApiError } from "./problem";

/**
 * The client id that makes an intent go through once. With an Idempotency-Key
 * it is the same for the same (user, route, key), for 24 hours; without one it
 * is new each time.
 *
 * @throws ConvexError `idempotency_conflict` when the key came with another
 * body before; ApiError `bad_request` for a key over 200 characters.
 */
export async function clientIdFor(
  request: Request,
  backend: ConvexHttpClient,
  route: string,
  body: unknown,
): Promise<string> {
  const key = request.headers.get("idempotency-key")?.trim();
  if (!key) return randomUUID();
  if (key.length > 200) {
    throw new ApiError(
      "bad_request",
      "An Idempotency-Key may have 200 characters.",
    );
  }
  const bodyHash = createHash("sha256")
    .update(JSON.stringify(body))
    .digest("hex");
  return await backend.mutation(api.idempotency.claim, {
    route,
    key,
    bodyHash,
  });
}
