import type { Json, JsonObject } from "../values/json";

/** Who calls, as `ctx.auth.getUserIdentity()` answers it. */
export type Identity = {
  attributes: JsonObject & {
    tokenIdentifier: string;
    issuer: string;
    subject: string;
  };
  /** Milliseconds since the epoch after which the token is no longer good; null: never. */
  expires: number | null;
  /** An operator: may call internal functions. */
  admin: boolean;
};

/** The attributes that have a name of their own; other claims keep theirs. */
const ATTRIBUTE_OF_CLAIM: Record<string, string> = {
  sub: "subject",
  iss: "issuer",
  name: "name",
  given_name: "givenName",
  family_name: "familyName",
  nickname: "nickname",
  preferred_username: "preferredUsername",
  profile: "profileUrl",
  picture: "pictureUrl",
  email: "email",
  email_verified: "emailVerified",
  gender: "gender",
  birthdate: "birthday",
  zoneinfo: "timezone",
  locale: "language",
  phone_number: "phoneNumber",
  phone_number_verified: "phoneNumberVerified",
  address: "address",
  updated_at: "updatedAt",
};

/** How far the issuer's clock and ours may be apart. */
export const CLOCK_TOLERANCE_S = 5;

/** Claims about the token rather than the user. */
const TOKEN_CLAIMS: ReadonlySet<string> = new Set([
  "aud",
  "exp",
  "iat",
  "nbf",
  "jti",
  "azp",
  "nonce",
  "at_hash",
]);

export function identityFromClaims(claims: Record<string, unknown>): Identity {
  const attributes: JsonObject = {};
  for (const [claim, value] of Object.entries(claims)) {
    if (TOKEN_CLAIMS.has(claim)) continue;
    addClaim(attributes, ATTRIBUTE_OF_CLAIM[claim] ?? claim, value);
  }
  const issuer = String(claims["iss"]);
  const subject = String(claims["sub"]);
  return {
    attributes: {
      ...attributes,
      issuer,
      subject,
      tokenIdentifier: `${issuer}|${subject}`,
    },
    expires:
      typeof claims["exp"] === "number"
        ? (claims["exp"] + CLOCK_TOLERANCE_S) * 1000
        : null,
    admin: false,
  };
}

/** A nested claim is reached by its path: `identity["org.role"]`. */
function addClaim(into: JsonObject, name: string, value: unknown): void {
  if (value === null || value === undefined) return;
  if (typeof value === "object" && !Array.isArray(value)) {
    for (const [inner, item] of Object.entries(value)) {
      addClaim(into, `${name}.${inner}`, item);
    }
    return;
  }
  into[name] = value as Json;
}

/** What a test or an operator gives: enough to be somebody. */
export type PartialIdentity = {
  subject?: string;
  issuer?: string;
  tokenIdentifier?: string;
} & Record<string, Json | undefined>;

export function identityFromAttributes(
  given: PartialIdentity,
  admin = false,
): Identity {
  const issuer = given.issuer ?? "https://convex.test";
  const subject = given.subject ?? "user";
  const attributes: JsonObject = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) attributes[name] = value;
  }
  return {
    attributes: {
      ...attributes,
      issuer,
      subject,
      tokenIdentifier: given.tokenIdentifier ?? `${issuer}|${subject}`,
    },
    expires: null,
    admin,
  };
}
