import type { AuthConfig } from "convex/server";

// A deployment trusts one issuer: Clerk when its domain is set, else the issuer named by AUTH_ISSUER.
const clerkDomain = process.env.CLERK_JWT_ISSUER_DOMAIN;
const issuer = process.env.AUTH_ISSUER;
const jwks = process.env.AUTH_JWKS;

export default {
  providers: clerkDomain
    ? [{ domain: clerkDomain, applicationID: "convex" }]
    : issuer && jwks
      ? [
          {
            type: "customJwt",
            issuer,
            jwks,
            algorithm: "ES256",
            applicationID: "slipway",
          },
        ]
      : [],
} satisfies AuthConfig;
