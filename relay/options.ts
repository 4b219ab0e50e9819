import { parseArgs } from "node:util";

export type RelayOptions = {
  hostname: string;
  port: number;
  /** As browsers know it; null: http://localhost on its own port. */
  publicUrl: string | null;
  /** Origins of the pages that may open terminals. */
  appOrigins: string[];
  /** Where the deployment's HTTP actions are. */
  siteUrl: string;
  secret: string;
};

/** A setting that cannot be used; the message names it and says what to set. */
export class OptionError extends Error {}

/** It goes into a header as it is; and a shorter one could be a word. */
const SECRET = /^[\x21-\x7e]{32,512}$/;

const LOOPBACK = /^(localhost|.+\.localhost|\[::1\]|127(\.\d+){3})$/;

/** @throws OptionError */
export function readOptions(
  env: Record<string, string | undefined>,
  argv: string[],
): RelayOptions {
  const { values } = parseArgs({
    args: argv,
    options: { port: { type: "string" } },
  });
  const port = Number(values.port ?? env.PORT ?? 3100);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new OptionError(
      `The port is "${values.port ?? env.PORT}". Set PORT (or --port) to a number from 0 to 65535.`,
    );
  }
  const secret = required(env, "RELAY_SECRET");
  if (!SECRET.test(secret)) {
    throw new OptionError(
      "RELAY_SECRET is too short, or has spaces. Make one: openssl rand -base64 32",
    );
  }
  const apps = required(env, "SLIPWAY_APP_ORIGINS").split(",");
  return {
    hostname: env.SLIPWAY_HOST || "127.0.0.1",
    port,
    publicUrl: env.SLIPWAY_RELAY_URL ? publicOf(env.SLIPWAY_RELAY_URL) : null,
    appOrigins: apps.map((app) => originOf("SLIPWAY_APP_ORIGINS", app.trim())),
    siteUrl: required(env, "CONVEX_SITE_URL").replace(/\/+$/, ""),
    secret,
  };
}

function required(
  env: Record<string, string | undefined>,
  name: string,
): string {
  const value = env[name];
  if (value) return value;
  throw new OptionError(`${name} is not set. See docs/deploy.md, "Relay".`);
}

/** Tickets and cookies travel there: in the clear only where nobody is on the way. */
function publicOf(text: string): string {
  const origin = originOf("SLIPWAY_RELAY_URL", text);
  const { protocol, hostname, host } = new URL(origin);
  if (protocol === "https:" || LOOPBACK.test(hostname)) return origin;
  throw new OptionError(
    `SLIPWAY_RELAY_URL: over plain http, anyone on the way to ${host} could read tickets and cookies. ` +
      `Put a proxy with TLS in front and set https://${hostname}, here and for the pages. ` +
      "Only localhost may be http.",
  );
}

function originOf(name: string, text: string): string {
  if (!URL.canParse(text)) {
    throw new OptionError(`${name}: "${text}" is not an address.`);
  }
  const { origin, pathname, protocol } = new URL(text);
  if (!/^https?:$/.test(protocol) || pathname !== "/") {
    throw new OptionError(
      `${name}: "${text}" must be http(s)://host, without a path.`,
    );
  }
  return origin;
}
