import type { NextConfig } from "next";

/** Sent with everything; the Content-Security-Policy is made per request in src/proxy.ts. */
const HEADERS = [
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
  {
    key: "Permissions-Policy",
    value: "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  },
];

const config: NextConfig = {
  // Two builds in one checkout (a test's and a person's) need folders of their own.
  distDir: process.env.SLIPWAY_DIST_DIR ?? ".next",
  typescript: {
    // Next rewrites the tsconfig it is given, unless that extends another one.
    tsconfigPath: process.env.SLIPWAY_TSCONFIG ?? "tsconfig.next.json",
    // `bun run check` checks types; a person who starts the product need not wait for it.
    ignoreBuildErrors: process.env.SLIPWAY_DIST_DIR !== undefined,
  },
  typedRoutes: true,
  poweredByHeader: false,
  serverExternalPackages: [
    "@daytonaio/sdk",
    "@daytona/api-client",
    "@daytona/toolbox-api-client",
  ],
  headers: async () => [{ source: "/:path*", headers: HEADERS }],
};

export default config;
