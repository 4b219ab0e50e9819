import { test } from "bun:test";

export interface Target {
  apiUrl: string;
  apiKey: string;
  region?: string;
}

/**
 * A service that is there already, to hold the suites about the wire against:
 * Daytona itself, or any other server by its address and key alone. Null to
 * start the emulator within the test, which is what a plain run does. Two
 * variables, so that a key in somebody's environment spends none of their money.
 */
export const TARGET: Target | null = readTarget(process.env);

function readTarget(env: Record<string, string | undefined>): Target | null {
  if (env.SLIPWAY_CONFORMANCE_DAYTONA !== "1") return null;
  const { DAYTONA_API_KEY: apiKey, DAYTONA_TARGET: region } = env;
  if (!apiKey) {
    throw new Error(
      "SLIPWAY_CONFORMANCE_DAYTONA=1 without DAYTONA_API_KEY: set both, or neither.",
    );
  }
  const apiUrl = env.DAYTONA_API_URL || "https://app.daytona.io/api";
  return { apiUrl, apiKey, ...(region && { region }) };
}

/** For a test file's setDefaultTimeout: real processes, on a machine that may be busy. */
export const PATIENCE_MS = TARGET ? 240_000 : 20_000;

/** How long a thing that is about to happen may take. */
export const SOON_MS = TARGET ? 30_000 : 5_000;

/**
 * A test that looks behind the wire; against a service that is there already it
 * is skipped, by its name and with the reason.
 */
export function emulated(why: string) {
  return (name: string, work: () => Promise<void>, ms?: number): void => {
    if (TARGET) test.skip(`${name} [the emulator only: ${why}]`, work);
    else test(name, work, ms);
  };
}
