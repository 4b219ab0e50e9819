import type { AuthConfig } from "convex/server";

/**
 * A deployment trusts one issuer. It is one variable because Convex refuses to
 * read this file while any variable named in it is unset. As JSON, either form
 * of Convex's documentation: `{"domain", "applicationID"}` for OIDC (Clerk:
 * applicationID "convex"), or `{"type": "customJwt", "issuer", "jwks", ...}`.
 */
const provider = process.env.AUTH_PROVIDER;

export default {
  providers: provider ? [JSON.parse(provider)] : [],
} satisfies AuthConfig;
