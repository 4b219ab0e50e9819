import { identityFromAttributes, type Identity } from "../auth/identity";
import { AuthError, type Authenticator } from "../auth/verify";
import type { Json } from "../values/json";

/**
 * Who sends a request, by its Authorization header: a user's "Bearer" token,
 * or the admin key as "Convex KEY", perhaps followed by ":" and the identity
 * to act as.
 *
 * @throws AuthError
 */
export async function identify(
  request: Request,
  authenticator: Authenticator,
  isAdminKey: (key: string) => boolean,
): Promise<{ identity: Identity | null; token: string | null }> {
  const header = request.headers.get("authorization");
  if (header === null) return { identity: null, token: null };
  const [scheme, value = ""] = header.split(/\s+/, 2);
  if (scheme?.toLowerCase() === "bearer") {
    return { identity: await authenticator.verify(value), token: value };
  }
  if (scheme !== "Convex") {
    throw new AuthError(`The authorization scheme "${scheme}" is not known.`);
  }
  const [key = "", actingAs] = value.split(":", 2);
  if (!isAdminKey(key)) {
    throw new AuthError("The admin key is not this deployment's.");
  }
  const given =
    actingAs === undefined
      ? {}
      : (JSON.parse(Buffer.from(actingAs, "base64").toString()) as Record<
          string,
          Json
        >);
  return { identity: identityFromAttributes(given, true), token: null };
}
