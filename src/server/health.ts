import { ConvexHttpClient } from "convex/browser";
import { z } from "zod";
import { api } from "@convex/_generated/api";
import {
  EnvironmentError,
  parseEnvironment,
  type ServerEnvironment,
} from "./environment";

/** What one part says of itself. An optional part that is missing leaves the whole ok. */
export type Check = {
  ok: boolean;
  optional?: boolean;
  message?: string;
  [detail: string]: unknown;
};

export type Health = {
  ok: boolean;
  version: string;
  mode: "embedded" | "cloud";
  checks: Record<string, Check>;
  endpoints: Record<string, string>;
};

/** A part that takes longer counts as not ready. */
const LIMIT_MS = 2_500;

/** Asks every part at once. Public: names and states, no value of any setting. */
export async function readHealth(
  env: Record<string, string | undefined> = process.env,
): Promise<Health> {
  try {
    return await askEveryPart(parseEnvironment(env));
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return {
      ok: false,
      version: env["SLIPWAY_VERSION"] ?? "unknown",
      mode: env["SLIPWAY_MODE"] === "embedded" ? "embedded" : "cloud",
      checks: { environment: { ok: false, message: error.message } },
      endpoints: {},
    };
  }
}

async function askEveryPart(environment: ServerEnvironment): Promise<Health> {
  const { sandboxUrl, skillhostUrl, modelUrl, identityUrl, relayUrl } =
    environment;
  const asked: Record<string, Promise<Check>> = {
    backend: askBackend(environment.convexUrl),
    ...(sandboxUrl && { sandbox: askSandbox(sandboxUrl) }),
    ...(skillhostUrl && { skillhost: askPart(skillhostUrl) }),
    ...(modelUrl && { model: askPart(modelUrl) }),
    ...(identityUrl && { identity: askPart(identityUrl) }),
    ...(relayUrl && { relay: askRelay(relayUrl) }),
    ...(sandboxUrl && {
      agent: Promise.resolve(agentCheck(environment.agentProblem)),
    }),
  };
  const checks = Object.fromEntries(
    await Promise.all(
      Object.entries(asked).map(
        async ([name, check]) => [name, await check] as const,
      ),
    ),
  );
  return {
    ok: Object.values(checks).every(({ ok, optional }) => ok || optional),
    version: environment.version,
    mode: environment.mode,
    checks,
    endpoints: endpointsOf(environment),
  };
}

function endpointsOf(environment: ServerEnvironment): Record<string, string> {
  const { convexUrl, siteUrl, sandboxUrl } = environment;
  return {
    backend: convexUrl,
    ...(siteUrl && { site: siteUrl }),
    ...(sandboxUrl && { sandbox: sandboxUrl }),
  };
}

async function askBackend(url: string): Promise<Check> {
  const client = new ConvexHttpClient(url, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    fetch: ((input: string, init?: RequestInit) =>
      fetch(input, {
        ...init,
        signal: AbortSignal.timeout(LIMIT_MS),
      })) as typeof fetch,
  });
  try {
    const { ok, missing, unreadable, ...rest } = await client.query(
      api.health.get,
      {},
    );
    const { deploymentId, sweep, removed } = rest;
    const faults = [
      ...(ok ? [] : [`lacks ${missing.join(", ")}`]),
      ...unreadable.map((name) => `has a ${name} that cannot be read`),
    ];
    const messages = [
      ...(faults.length > 0
        ? [`The deployment's environment ${faults.join(" and ")}.`]
        : []),
      ...(sweep?.halted ? [haltOf(sweep.halted)] : []),
    ];
    return {
      ok,
      deploymentId,
      sweep,
      removed,
      ...(messages.length > 0 && { message: messages.join(" ") }),
    };
  } catch (error) {
    return silent(error);
  }
}

/** Everything else works meanwhile, so the check stays ok; a person has to look. */
function haltOf(reason: string): string {
  return `The sweeper deletes no stray sandboxes: ${reason} See at the provider whose they are and delete those that nobody needs, or bring the missing records back; then it goes on by itself (docs/operate.md).`;
}

const sandboxHealth = z.looseObject({
  isolation: z.looseObject({
    ok: z.boolean(),
    reason: z.string().optional(),
    remedy: z.string().optional(),
  }),
});

async function askSandbox(url: string): Promise<Check> {
  try {
    const response = await fetch(`${url}/health`, {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const { isolation } = sandboxHealth.parse(await response.json());
    const words = [isolation.reason, isolation.remedy].filter(Boolean);
    return {
      ok: response.ok && isolation.ok,
      isolation,
      ...(words.length > 0 && { message: words.join(" ") }),
    };
  } catch (error) {
    return silent(error);
  }
}

/** A part that answers is up, unless it says that something of it is not. */
async function askPart(url: string): Promise<Check> {
  try {
    const response = await fetch(`${url}/health`, {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    await response.body?.cancel();
    return { ok: response.status < 500 };
  } catch (error) {
    return silent(error);
  }
}

/** Without it there are no terminals, port previews and downloads; all else works. */
async function askRelay(url: string): Promise<Check> {
  return { ...(await askPart(new URL(url).origin)), optional: true };
}

/** Everything but talking to the agent works without it. */
function agentCheck(reason: string | null): Check {
  return reason
    ? { ok: false, optional: true, message: reason }
    : { ok: true, optional: true };
}

function silent(error: unknown): Check {
  const how = error instanceof Error ? error.message : String(error);
  return { ok: false, message: `It does not answer: ${how}` };
}
