import { clerkHost } from "./clerk-key";
import { relayOrigin } from "./config";

type Environment = Record<string, string | undefined>;

/**
 * The policy of every page: our own scripts by nonce, connections to the Convex
 * deployment (Clerk's and the relay's terminals, where there are any), no frames, no remote pictures.
 * Styles may be inline because React writes `style` attributes.
 */
export function contentSecurityPolicy(nonce: string, env: Environment): string {
  const development = env["NODE_ENV"] === "development";
  const convex = socketAndHttp(env["CONVEX_URL"]);
  const relay = relayOrigin(env["SLIPWAY_RELAY_URL"]);
  const host = clerkHost(env["NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"]);
  const clerk = host && `https://${host}`;
  const directives: Record<string, string[]> = {
    "default-src": ["'self'"],
    "script-src": [
      "'self'",
      `'nonce-${nonce}'`,
      "'strict-dynamic'",
      ...(clerk ? [clerk] : []), // for browsers that do not know strict-dynamic
      ...(development ? ["'unsafe-eval'"] : []), // React's stacks in development
    ],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", ...(clerk ? ["https://img.clerk.com"] : [])],
    "font-src": ["'self'"],
    "connect-src": [
      "'self'",
      ...convex,
      ...(clerk ? [clerk] : []),
      ...(relay ? [relay.replace(/^http/, "ws")] : []),
    ],
    "worker-src": ["'self'", ...(clerk ? ["blob:"] : [])],
    "frame-src": clerk ? ["https://challenges.cloudflare.com"] : ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
  };
  return Object.entries(directives)
    .map(([name, values]) => `${name} ${values.join(" ")}`)
    .join("; ");
}

function socketAndHttp(address: string | undefined): string[] {
  if (!address || !URL.canParse(address)) return [];
  const { host, protocol } = new URL(address);
  return protocol === "https:"
    ? [`https://${host}`, `wss://${host}`]
    : [`http://${host}`, `ws://${host}`];
}
