import { join } from "node:path";
import type { Part } from "./child";
import { ROOT, type Options } from "./options";
import type { Secrets } from "./secrets";

export const PORT_NAMES = [
  "backend",
  "site",
  "sandbox",
  "skillhost",
  "model",
  "identity",
  "relay",
] as const;
export type Ports = Record<(typeof PORT_NAMES)[number], number>;

/** Everything the command lines of the parts are made from. */
export type Plan = {
  options: Options;
  ports: Ports;
  secrets: Secrets;
  /** Between relay and backend; made anew at each start, for both start together. */
  relaySecret: string;
  webPort: number;
  snapshot: string;
  distDir: string;
  version: string;
  agentProblem: string | null;
};

/** What the local issuer said about itself when it was ready. */
export type Issuer = { issuer: string; jwks: string };

const origin = (port: number) => `http://127.0.0.1:${port}`;

/** The host's name for the backend inside a sandbox; its egress proxy knows it. */
const INSIDE = "slipway.internal";

export function identityPart({ options, ports }: Plan): Part {
  return emulator("identity", ports.identity, options);
}

export function modelPart({ options, ports }: Plan): Part {
  return emulator("model", ports.model, options);
}

export function skillhostPart({ options, ports }: Plan): Part {
  const skills = options.skillsDir ? ["--skills", options.skillsDir] : [];
  const examples = join(ROOT, "examples", "skills");
  return emulator("skillhost", ports.skillhost, options, [
    ...["--examples", examples, ...skills],
  ]);
}

export function sandboxPart({ options, ports, secrets }: Plan): Part {
  return emulator(
    "sandbox",
    ports.sandbox,
    options,
    [
      ...["--snapshots", options.snapshotsDir],
      ...["--egress", `${INSIDE}=${origin(ports.site)}`],
    ],
    { SANDBOX_API_KEY: secrets.sandboxApiKey },
  );
}

export function backendPart(plan: Plan, issuer: Issuer | null): Part {
  const { options, ports } = plan;
  return emulator(
    "backend",
    ports.backend,
    options,
    [
      ...["--site-port", String(ports.site)],
      ...["--functions", join(ROOT, "convex")],
      ...(options.dev ? ["--watch"] : []),
      ...deploymentClass(),
    ],
    deploymentEnvironment(plan, issuer),
  );
}

/** Holds the backend to what the smallest deployment lets run at once; for tests. */
function deploymentClass(): string[] {
  const given = process.env.SLIPWAY_BACKEND_CLASS;
  return given ? ["--class", given] : [];
}

/** The environment a Convex deployment would be given with `convex env set`. */
function deploymentEnvironment(plan: Plan, issuer: Issuer | null) {
  const { options, ports, secrets } = plan;
  const given = process.env;
  const env: Record<string, string | undefined> = {
    SLIPWAY_MODE: "embedded",
    RELAY_SECRET: plan.relaySecret,
    SLIPWAY_SEAL_KEYS: given.SLIPWAY_SEAL_KEYS || secrets.sealKeys,
    SLIPWAY_SANDBOX_SITE_URL: given.SLIPWAY_SANDBOX_SITE_URL,
    SLIPWAY_MODEL_PROVIDERS: given.SLIPWAY_MODEL_PROVIDERS,
    SLIPWAY_GIT_HOSTS: given.SLIPWAY_GIT_HOSTS,
    SLIPWAY_SNAPSHOT: given.SLIPWAY_SNAPSHOT || plan.snapshot,
    SLIPWAY_MAX_SANDBOXES: given.SLIPWAY_MAX_SANDBOXES,
    SLIPWAY_MAX_SANDBOXES_PER_USER: given.SLIPWAY_MAX_SANDBOXES_PER_USER,
    DAYTONA_API_URL: given.DAYTONA_API_URL,
    DAYTONA_API_KEY: given.DAYTONA_API_KEY,
    DAYTONA_TARGET: given.DAYTONA_TARGET,
    // With one, its holder may run any function; without, nobody can.
    CONVEX_ADMIN_KEY: given.CONVEX_ADMIN_KEY,
    SLIPWAY_RETENTION_DAYS: given.SLIPWAY_RETENTION_DAYS,
    AUTH_PROVIDER: JSON.stringify(
      options.clerkIssuer
        ? { domain: options.clerkIssuer, applicationID: "convex" }
        : {
            type: "customJwt",
            issuer: issuer?.issuer,
            jwks: issuer?.jwks,
            algorithm: "ES256",
            applicationID: "slipway",
          },
    ),
  };
  if (!options.replaced.sandboxes) {
    env.DAYTONA_API_URL = `${origin(ports.sandbox)}/api`;
    env.DAYTONA_API_KEY = secrets.sandboxApiKey;
    env.SLIPWAY_SANDBOX_SITE_URL = `http://${INSIDE}`;
    env.SLIPWAY_SNAPSHOT = plan.snapshot;
  }
  if (!options.replaced.models) {
    env.SLIPWAY_MODEL_PROVIDERS = JSON.stringify(
      modelProviders(origin(ports.model)),
    );
  }
  if (!options.replaced.skills) {
    const local = origin(ports.skillhost);
    env.SLIPWAY_GIT_HOSTS = JSON.stringify([
      { host: "local", gitUrl: local, archiveUrl: local },
      {
        host: "github.com",
        gitUrl: "https://github.com",
        archiveUrl: "https://codeload.github.com",
      },
    ]);
  }
  return env;
}

function modelProviders(demo: string) {
  return [
    {
      id: "demo",
      label: "Demo model (scripted)",
      baseUrl: `${demo}/v1`,
      keyless: true,
      defaultModel: "demo",
    },
    {
      id: "openrouter",
      label: "OpenRouter",
      baseUrl: "https://openrouter.ai/api/v1",
      checkPath: "/key", // its /models answers anyone
    },
    {
      id: "openai",
      label: "OpenAI",
      baseUrl: "https://api.openai.com/v1",
    },
    {
      id: "ollama",
      label: "Ollama on this machine",
      baseUrl: "http://127.0.0.1:11434/v1",
      keyless: true,
    },
  ];
}

/** Browsers find a preview at a name below this one, which they take to loopback. */
const relayUrl = (ports: Ports) => `http://localhost:${ports.relay}`;

/** Terminals, port previews and files, beside the pages. */
export function relayPart({ ports, webPort, relaySecret }: Plan): Part {
  const pages = [origin(webPort), `http://localhost:${webPort}`];
  return {
    name: "relay",
    runtime: "bun",
    args: [join(ROOT, "relay", "main.ts"), ...["--port", String(ports.relay)]],
    cwd: ROOT,
    env: {
      ...passedOn(),
      SLIPWAY_HOST: "127.0.0.1",
      SLIPWAY_RELAY_URL: relayUrl(ports),
      SLIPWAY_APP_ORIGINS: pages.join(","),
      CONVEX_SITE_URL: origin(ports.site),
      RELAY_SECRET: relaySecret,
    },
  };
}

/** The pages and the HTTP API, under Node. */
export function webPart(plan: Plan): Part {
  const { options, ports } = plan;
  const embedded = !options.cloud;
  return {
    name: "web",
    runtime: "node",
    args: [join(ROOT, "scripts", "web.mjs"), ...(options.dev ? ["--dev"] : [])],
    cwd: ROOT,
    readyWithinMs: options.dev ? 180_000 : 60_000,
    env: {
      ...passedOn(),
      NODE_ENV: options.dev ? "development" : "production",
      NEXT_TELEMETRY_DISABLED: "1",
      __NEXT_PROCESSED_ENV: "1", // or it reads .env.local, with every key in there
      NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY:
        process.env.NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY,
      CLERK_SECRET_KEY: process.env.CLERK_SECRET_KEY,
      PORT: String(plan.webPort),
      SLIPWAY_PROXIES: process.env.SLIPWAY_PROXIES,
      SLIPWAY_DIST_DIR: plan.distDir,
      SLIPWAY_VERSION: plan.version,
      SLIPWAY_MODE: embedded ? "embedded" : "cloud",
      CONVEX_URL: options.cloud?.convexUrl ?? origin(ports.backend),
      CONVEX_SITE_URL: options.cloud?.siteUrl ?? origin(ports.site),
      SLIPWAY_RELAY_URL: embedded
        ? relayUrl(ports)
        : process.env.SLIPWAY_RELAY_URL,
      ...(embedded && {
        SLIPWAY_IDENTITY_URL: options.clerkIssuer
          ? undefined
          : origin(ports.identity),
        SLIPWAY_SANDBOX_URL: options.replaced.sandboxes
          ? undefined
          : origin(ports.sandbox),
        SLIPWAY_SKILLHOST_URL: options.replaced.skills
          ? undefined
          : origin(ports.skillhost),
        SLIPWAY_MODEL_URL: options.replaced.models
          ? undefined
          : origin(ports.model),
        SLIPWAY_AGENT_PROBLEM: plan.agentProblem ?? undefined,
      }),
    },
  };
}

function emulator(
  name: string,
  port: number,
  options: Options,
  args: string[] = [],
  env: Record<string, string | undefined> = {},
): Part {
  return {
    name,
    runtime: "bun",
    args: [
      join(ROOT, "emulators", name, "main.ts"),
      ...["--port", String(port)],
      ...["--data", join(options.dataDir, name)],
      ...args,
    ],
    cwd: ROOT,
    env: { ...passedOn(), ...env },
  };
}

/**
 * What a child needs of the environment, and no more: a person's shell holds
 * keys that none of these processes should have.
 */
function passedOn(): Record<string, string | undefined> {
  const names = [
    ...[
      "PATH",
      "HOME",
      "SLIPWAY_HOST",
      "LANG",
      "LC_ALL",
      "TZ",
      "TMPDIR",
      "USER",
    ],
    ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"],
    ...["http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE"],
  ];
  return Object.fromEntries(
    names
      .filter((name) => process.env[name] !== undefined)
      .map((name) => [name, process.env[name]]),
  );
}
