import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { clerkHost } from "../../src/clerk-key";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(
  /\/$/,
  "",
);

type Environment = Record<string, string | undefined>;

/** What `bun start` was asked for. Addresses that are set replace embedded parts. */
export type Options = {
  port: number;
  dataDir: string;
  skillsDir: string | null;
  /** Snapshots and builds may be shared by several data folders. */
  snapshotsDir: string;
  dev: boolean;
  cloud: Cloud | null;
  /** Embedded backend, other provider: DAYTONA_* and friends as given. */
  replaced: { sandboxes: boolean; models: boolean; skills: boolean };
  /** Clerk's issuer, which replaces the local one. */
  clerkIssuer: string | null;
};

/** The backend is a Convex deployment: only Next runs here. */
export type Cloud = { convexUrl: string; siteUrl: string };

/** A setting that cannot be used; the message names it and says what to do. */
export class OptionError extends Error {}

/** @throws OptionError naming the variable, what is wrong and what to set. */
export function readOptions(env: Environment, argv: string[]): Options {
  const unknown = argv.find((flag) => flag !== "--dev");
  if (unknown) {
    throw new OptionError(
      `Unknown option ${unknown}. bun start takes only --dev; everything else is set by environment variables, see .env.example.`,
    );
  }
  const dataDir = resolve(ROOT, env.SLIPWAY_DATA_DIR || ".slipway");
  const cloud = readCloud(env);
  return {
    port: readPort(env.PORT),
    dataDir,
    skillsDir: readFolder(env, "SLIPWAY_SKILLS_DIR"),
    snapshotsDir: env.SLIPWAY_SNAPSHOTS_DIR
      ? resolve(ROOT, env.SLIPWAY_SNAPSHOTS_DIR)
      : join(dataDir, "snapshots"),
    dev: argv.includes("--dev"),
    cloud,
    replaced: {
      sandboxes: readPair(env, "DAYTONA_API_URL", "DAYTONA_API_KEY"),
      models: Boolean(env.SLIPWAY_MODEL_PROVIDERS),
      skills: Boolean(env.SLIPWAY_GIT_HOSTS),
    },
    clerkIssuer: readClerk(env),
  };
}

function readFolder(env: Environment, name: string): string | null {
  const given = env[name];
  if (!given) return null;
  const folder = resolve(ROOT, given);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new OptionError(
    `${name} is "${given}", and there is no such folder. Make it, or unset it.`,
  );
}

function readPort(text: string | undefined): number {
  if (!text) return 3000;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new OptionError(
      `PORT is "${text}". Set it to a number from 1 to 65535, or to 0 for any free port.`,
    );
  }
  return port;
}

/**
 * What the backend and the web server would read only when somebody asks, which is
 * too late to be told. What reads it needs packages, which are there once they are
 * installed.
 */
export async function requireReadable(env: Environment): Promise<void> {
  const { unreadableSettings } = await import("../../convex/model/settings");
  const mode = env.CONVEX_URL ? "cloud" : "embedded";
  const [wrong] = unreadableSettings({ ...env, SLIPWAY_MODE: mode });
  if (wrong) {
    const why = wrong.why.replace(/\.$/, "");
    throw new OptionError(`${why}. Correct it, or unset it.`);
  }
  const { EnvironmentError, parseEnvironment } =
    await import("../../src/server/environment");
  try {
    // What is left to whoever starts it: parts.ts sets the rest.
    parseEnvironment({
      CONVEX_URL: env.CONVEX_URL || "http://later",
      SLIPWAY_PROXIES: env.SLIPWAY_PROXIES,
      ...(env.CONVEX_URL && { SLIPWAY_RELAY_URL: env.SLIPWAY_RELAY_URL }),
    });
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    throw new OptionError(error.message);
  }
}

function readCloud(env: Environment): Cloud | null {
  const convexUrl = env.CONVEX_URL;
  if (!convexUrl) return null;
  const siteUrl =
    env.CONVEX_SITE_URL ||
    // On Convex's own cloud the second address follows from the first.
    (/\.convex\.cloud\/?$/.test(convexUrl)
      ? convexUrl.replace(/\.convex\.cloud\/?$/, ".convex.site")
      : "");
  if (!siteUrl) {
    throw new OptionError(
      "CONVEX_URL is set but CONVEX_SITE_URL is not. Set it to the address of the deployment's HTTP actions, or unset CONVEX_URL to run everything on this machine.",
    );
  }
  for (const [name, value] of Object.entries({
    CONVEX_URL: convexUrl,
    CONVEX_SITE_URL: siteUrl,
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: env.NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY,
    CLERK_SECRET_KEY: env.CLERK_SECRET_KEY,
  })) {
    if (!value) {
      throw new OptionError(
        `CONVEX_URL is set, so Slipway runs on that deployment and needs ${name} too. See docs/deploy.md.`,
      );
    }
    if (name.endsWith("_URL") && !/^https?:\/\/[^/]/.test(value)) {
      throw new OptionError(
        `${name} is "${value}". Set it to an address that starts with https://.`,
      );
    }
  }
  return { convexUrl, siteUrl };
}

/** Both or neither: one alone is a mistake that would otherwise show much later. */
function readPair(env: Environment, first: string, second: string): boolean {
  if (Boolean(env[first]) === Boolean(env[second])) return Boolean(env[first]);
  const [set, missing] = env[first] ? [first, second] : [second, first];
  throw new OptionError(
    `${set} is set but ${missing} is not. Set both, or neither to use the embedded part.`,
  );
}

function readClerk(env: Environment): string | null {
  const name = "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY";
  if (!readPair(env, name, "CLERK_SECRET_KEY")) return null;
  if (env.CLERK_JWT_ISSUER_DOMAIN) return env.CLERK_JWT_ISSUER_DOMAIN;
  const host = clerkHost(env[name]);
  if (host) return `https://${host}`;
  throw new OptionError(
    `${name} is not one of Clerk's keys. Copy it anew from Clerk's dashboard, or set CLERK_JWT_ISSUER_DOMAIN too.`,
  );
}
