import { z } from "zod";

const address = z.url({ protocol: /^https?$/ });
/** Deployment platforms like to set what is not wanted to "". */
const optional = z.preprocess(
  (value) => (value === "" ? undefined : value),
  address.optional(),
);

const schema = z.object({
  SLIPWAY_MODE: z.preprocess(
    (value) => value || undefined,
    z.enum(["embedded", "cloud"]).default("cloud"),
  ),
  SLIPWAY_VERSION: z.string().default("unknown"),
  CONVEX_URL: address,
  CONVEX_SITE_URL: optional,
  SLIPWAY_RELAY_URL: optional,
  SLIPWAY_IDENTITY_URL: optional,
  SLIPWAY_SANDBOX_URL: optional,
  SLIPWAY_SKILLHOST_URL: optional,
  SLIPWAY_MODEL_URL: optional,
  SLIPWAY_AGENT_PROBLEM: z.string().optional(),
  SLIPWAY_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
});

/** Where the server side of Next finds the parts, and what is in front of it. No secret. */
export type ServerEnvironment = {
  mode: "embedded" | "cloud";
  version: string;
  convexUrl: string;
  siteUrl: string | null;
  relayUrl: string | null;
  identityUrl: string | null;
  sandboxUrl: string | null;
  skillhostUrl: string | null;
  modelUrl: string | null;
  agentProblem: string | null;
  /** How many proxies in front of it say in X-Forwarded-For who asked them. */
  proxies: number;
};

export class EnvironmentError extends Error {}

/** @throws EnvironmentError naming each variable that is missing or malformed. */
export function parseEnvironment(
  env: Record<string, string | undefined>,
): ServerEnvironment {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues
      .map(({ path, message }) => `${path.join(".")}: ${message}`)
      .join("; ");
    throw new EnvironmentError(
      `The environment of the web server cannot be used: ${faults}. See .env.example.`,
    );
  }
  const { data } = parsed;
  // Parts of a laptop; a cloud deployment must not have them even by accident.
  const local = (url: string | undefined) =>
    data.SLIPWAY_MODE === "embedded" ? (url ?? null) : null;
  return {
    mode: data.SLIPWAY_MODE,
    version: data.SLIPWAY_VERSION,
    convexUrl: data.CONVEX_URL,
    siteUrl: data.CONVEX_SITE_URL ?? null,
    relayUrl: data.SLIPWAY_RELAY_URL ?? null,
    identityUrl: local(data.SLIPWAY_IDENTITY_URL),
    sandboxUrl: local(data.SLIPWAY_SANDBOX_URL),
    skillhostUrl: local(data.SLIPWAY_SKILLHOST_URL),
    modelUrl: local(data.SLIPWAY_MODEL_URL),
    agentProblem: data.SLIPWAY_AGENT_PROBLEM || null,
    proxies: data.SLIPWAY_PROXIES,
  };
}

/**
 * The process's environment. Parsed at each use, which costs microseconds:
 * nothing of it is baked into a build or outlives a change.
 */
export function serverEnvironment(): ServerEnvironment {
  return parseEnvironment(process.env);
}
