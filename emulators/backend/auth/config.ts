import { z } from "zod";

const oidc = z.object({
  type: z.undefined().optional(),
  domain: z.string().min(1),
  applicationID: z.string().min(1),
});

const customJwt = z.object({
  type: z.literal("customJwt"),
  issuer: z.string().min(1),
  jwks: z.string().min(1),
  algorithm: z.enum(["RS256", "ES256"]),
  applicationID: z.string().min(1).optional(),
});

export type AuthProvider = z.infer<typeof oidc> | z.infer<typeof customJwt>;

/** @throws Error that names the provider and the field */
export function readAuthConfig(
  config: { providers: unknown[] } | null,
): AuthProvider[] {
  return (config?.providers ?? []).map((provider, position) => {
    const custom =
      typeof provider === "object" && provider !== null && "type" in provider;
    const read = (custom ? customJwt : oidc).safeParse(provider);
    if (read.success) return read.data;
    throw new Error(
      `auth.config.ts: provider ${position + 1} is not valid: ` +
        `${z.prettifyError(read.error)}. Is its environment variable set?`,
    );
  });
}
