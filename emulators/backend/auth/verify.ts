import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import type { Clock } from "../clock";
import { EngineError, messageOf } from "../errors";
import type { AuthProvider } from "./config";
import {
  CLOCK_TOLERANCE_S,
  identityFromClaims,
  type Identity,
} from "./identity";

/** A token that was refused, in words that tell an operator why. */
export class AuthError extends EngineError {
  constructor(message: string) {
    super("unauthenticated", message);
  }
}

const DISCOVERY_TIMEOUT_MS = 10_000;

/** Checks tokens against the providers of auth.config.ts. */
export class Authenticator {
  private readonly keys = new Map<AuthProvider, Promise<JWTVerifyGetKey>>();

  constructor(
    private readonly providers: readonly AuthProvider[],
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError */
  async verify(token: string): Promise<Identity> {
    const provider = this.providerOf(token);
    try {
      const { payload } = await jwtVerify(token, await this.keysOf(provider), {
        algorithms:
          provider.type === "customJwt"
            ? [provider.algorithm]
            : ["RS256", "ES256", "EdDSA"],
        requiredClaims: ["sub", "exp"],
        currentDate: new Date(this.clock.now()),
        clockTolerance: CLOCK_TOLERANCE_S,
        ...(provider.applicationID === undefined
          ? {}
          : { audience: provider.applicationID }),
      });
      return identityFromClaims(payload);
    } catch (error) {
      throw error instanceof AuthError ? error : refusal(error, provider);
    }
  }

  private providerOf(token: string): AuthProvider {
    let claims: JWTPayload;
    try {
      claims = decodeJwt(token);
    } catch (error) {
      throw new AuthError(`Could not parse as a JWT: ${messageOf(error)}`);
    }
    const sameIssuer = this.providers.filter(
      (provider) => plain(issuerOf(provider)) === plain(claims.iss ?? ""),
    );
    const audiences = [claims.aud ?? []].flat();
    const found = sameIssuer.find(
      ({ applicationID }) =>
        applicationID === undefined || audiences.includes(applicationID),
    );
    if (found !== undefined) return found;
    const wanted =
      sameIssuer.length === 0
        ? `issuer "${claims.iss ?? ""}"`
        : `audience "${audiences.join(", ")}"`;
    const known = this.providers
      .map((p) => `${issuerOf(p)} (${p.applicationID ?? "any audience"})`)
      .join("; ");
    throw new AuthError(
      `No auth provider found matching the given token: ${wanted} is not in ` +
        `auth.config.ts, which has ${known === "" ? "no provider" : known}.`,
    );
  }

  /** Fetched when first needed; a failure is not remembered. */
  private keysOf(provider: AuthProvider): Promise<JWTVerifyGetKey> {
    let keys = this.keys.get(provider);
    if (keys === undefined) {
      keys = loadKeys(provider).catch((error: unknown) => {
        this.keys.delete(provider);
        throw new AuthError(
          `Could not load the keys of ${issuerOf(provider)}: ${messageOf(error)}`,
        );
      });
      this.keys.set(provider, keys);
    }
    return keys;
  }
}

async function loadKeys(provider: AuthProvider): Promise<JWTVerifyGetKey> {
  if (provider.type !== "customJwt") {
    const url = `${issuerOf(provider).replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetch(url, {
      signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const found = (await response.json()) as { jwks_uri?: unknown };
    if (typeof found.jwks_uri !== "string") {
      throw new Error(`${url} names no jwks_uri`);
    }
    return createRemoteJWKSet(new URL(found.jwks_uri));
  }
  if (!provider.jwks.startsWith("data:")) {
    return createRemoteJWKSet(new URL(provider.jwks));
  }
  const response = await fetch(provider.jwks);
  return createLocalJWKSet((await response.json()) as JSONWebKeySet);
}

function issuerOf(provider: AuthProvider): string {
  if (provider.type === "customJwt") return provider.issuer;
  return provider.domain.includes("://")
    ? provider.domain
    : `https://${provider.domain}`;
}

/** An issuer with and without its final slash is the same. */
function plain(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

function refusal(error: unknown, provider: AuthProvider): AuthError {
  if (error instanceof errors.JWTExpired) {
    return new AuthError("Token expired: fetch a new one.");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new AuthError(`Token refused: its claim "${error.claim}" is wrong.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new AuthError("Token refused: its signature is not the issuer's.");
  }
  return new AuthError(
    `Could not validate the token of ${issuerOf(provider)}: ${messageOf(error)}`,
  );
}
