import {
  EnvironmentError,
  parseEnvironment,
  type ServerEnvironment,
} from "./server/environment";

/** Where a browser finds things. Passed to it as data, never baked into a bundle. */
export type BrowserConfig = {
  mode: "embedded" | "cloud";
  convexUrl: string;
  /** Terminals, ports and files go through it; null where there is none. */
  relayUrl: string | null;
  identity: IdentityConfig;
};

export type IdentityConfig =
  | { kind: "local" }
  | { kind: "clerk"; publishableKey: string }
  | { kind: "none" };

export type Configuration =
  | { ok: true; config: BrowserConfig }
  | { ok: false; problem: string; next: string };

/** The server's environment, read anew so one build serves every deployment. */
export function readConfiguration(
  env: Record<string, string | undefined> = process.env,
): Configuration {
  const convexUrl = env["CONVEX_URL"];
  if (!convexUrl) {
    return {
      ok: false,
      problem: "CONVEX_URL is not set, so this page has no backend to ask.",
      next: "Run npx -y bun@1.4.5 start for everything on this machine, or set CONVEX_URL to the address of a Convex deployment.",
    };
  }
  if (!URL.canParse(convexUrl)) {
    return {
      ok: false,
      problem: `CONVEX_URL is not an address: "${convexUrl}".`,
      next: "Set it to something like https://happy-otter-123.convex.cloud.",
    };
  }
  let environment: ServerEnvironment;
  try {
    environment = parseEnvironment(env);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return {
      ok: false,
      problem: error.message,
      next: "Correct what is named, or unset it, and start the web server again.",
    };
  }
  const { mode, relayUrl } = environment;
  return {
    ok: true,
    config: {
      mode,
      convexUrl,
      relayUrl: relayUrl && new URL(relayUrl).origin,
      identity: identityOf(mode, env),
    },
  };
}

/** The relay's origin, or null where none is set; what is no address counts as none. */
export function relayOrigin(address: string | undefined): string | null {
  if (!address || !URL.canParse(address)) return null;
  const { origin, protocol } = new URL(address);
  return /^https?:$/.test(protocol) ? origin : null;
}

function identityOf(
  mode: BrowserConfig["mode"],
  env: Record<string, string | undefined>,
): IdentityConfig {
  // Bracket access: Next inlines `process.env.NEXT_PUBLIC_*` at build time otherwise.
  const publishableKey = env["NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"];
  if (publishableKey) return { kind: "clerk", publishableKey };
  if (mode === "embedded") return { kind: "local" };
  return { kind: "none" };
}
