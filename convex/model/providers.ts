import { z } from "zod";
import { failure, type Failure } from "./errors";

/**
 * The model providers a deployment allows, from SLIPWAY_MODEL_PROVIDERS. The
 * origins are exact: nothing a user or a sandbox says changes where a key goes.
 */
export type Provider = {
  id: string;
  label: string;
  baseUrl: string; // without a trailing slash
  keyless: boolean;
  defaultModel: string | null;
  contextLength: number; // tokens
  /** GET baseUrl + this tells whether a key is good. OpenRouter's /models answers anyone. */
  checkPath: string;
};

/** Agents need at least 64,000; most models have twice that. */
const DEFAULT_CONTEXT = 131_072;

const entry = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  label: z.string().min(1).max(80),
  baseUrl: z.url().max(500),
  keyless: z.boolean().default(false),
  defaultModel: z.string().min(1).max(200).optional(),
  contextLength: z.number().int().min(1_000).default(DEFAULT_CONTEXT),
  checkPath: z.string().startsWith("/").max(200).default("/models"),
});

export type Providers =
  { ok: true; providers: Provider[] } | { ok: false; error: Failure };

/** Parses the allow-list. A broken one is an error, never an empty one. */
export function parseProviders(
  value: string | undefined,
  mode: "embedded" | "cloud",
): Providers {
  if (!value?.trim()) return { ok: true, providers: [] };
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return broken("it is not JSON");
  }
  const list = z.array(entry).max(50).safeParse(json);
  if (!list.success) {
    const [issue] = list.error.issues;
    return broken(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const seen = new Set<string>();
  for (const { id, baseUrl } of list.data) {
    const wrong = seen.has(id) ? "is listed twice" : refusal(baseUrl, mode);
    if (wrong) return broken(`${id} ${wrong}`);
    seen.add(id);
  }
  return {
    ok: true,
    providers: list.data.map((item) => ({
      ...item,
      baseUrl: item.baseUrl.replace(/\/+$/, ""),
      defaultModel: item.defaultModel ?? null,
    })),
  };
}

function refusal(baseUrl: string, mode: "embedded" | "cloud"): string | null {
  const url = new URL(baseUrl);
  if (url.username || url.password || url.search || url.hash) {
    return "has more in its baseUrl than origin and path";
  }
  if (url.protocol === "https:") return null;
  const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol === "http:" && loopback && mode === "embedded") return null;
  return "must be https (http only for loopback in embedded mode)";
}

function broken(why: string): Providers {
  return {
    ok: false,
    error: {
      ...failure(
        "model_not_set",
        `This deployment's SLIPWAY_MODEL_PROVIDERS cannot be read: ${why}.`,
      ),
      next: "The operator must correct SLIPWAY_MODEL_PROVIDERS.",
    },
  };
}

/** The allow-list of this deployment, read anew at each call. */
export function deploymentProviders(): Providers {
  return parseProviders(
    process.env.SLIPWAY_MODEL_PROVIDERS,
    process.env.SLIPWAY_MODE === "embedded" ? "embedded" : "cloud",
  );
}

export type Choice = { providerId: string; model: string };
export type Effective =
  | { ok: true; provider: Provider; model: string }
  | { ok: false; problem: Failure };

/**
 * The model that answers: the user's choice, else the first provider that
 * needs no key. A choice that cannot be followed is said, never replaced:
 * nobody should talk to another model than they think.
 */
export function effectiveModel(
  list: Providers,
  choice: Choice | null,
  hasKey: (providerId: string) => boolean,
): Effective {
  if (!list.ok) return { ok: false, problem: list.error };
  if (choice) {
    const provider = list.providers.find(({ id }) => id === choice.providerId);
    if (!provider) {
      return problem(
        "model_not_allowed",
        `The provider "${choice.providerId}" is no longer offered here.`,
      );
    }
    if (!provider.keyless && !hasKey(provider.id)) {
      return problem("model_not_set", `${provider.label} needs your key.`);
    }
    return { ok: true, provider, model: choice.model };
  }
  const keyless = list.providers.find(
    (item) => item.keyless && item.defaultModel !== null,
  );
  return keyless?.defaultModel
    ? { ok: true, provider: keyless, model: keyless.defaultModel }
    : problem("model_not_set", "No model is set up for you yet.");
}

function problem(
  code: "model_not_set" | "model_not_allowed",
  message: string,
): Effective {
  return { ok: false, problem: failure(code, message) };
}
