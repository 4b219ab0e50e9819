import { createHash } from "node:crypto";
import { Refusal } from "./errors";
import { Lock, readJson, writeAtomic } from "./files";
import { badRequest } from "./http";
import type { Layout } from "./layout";
import { log } from "./log";

export type AgentConfig = {
  model: {
    baseUrl: string;
    apiKey: string;
    name: string;
    /** Tokens. */
    contextLength: number;
  };
  /** Model calls within one turn. */
  maxTurns: number;
};

/** `given` is kept as it came, because its hash is what the server knows. */
type Stored = {
  writeToken: number;
  hash: string;
  given: unknown;
  config: AgentConfig;
};

/** The agent's configuration, written only by holders of a newer token. */
export class ConfigStore {
  #lock = new Lock();
  #stored: Stored | null = null;

  constructor(
    readonly layout: Layout,
    readonly onChange: () => Promise<void>,
  ) {}

  /** Never throws, for the daemon listens after it: the server writes it anew. */
  async load(): Promise<void> {
    try {
      const found = (await readJson(
        this.layout.config,
      )) as Partial<Stored> | null;
      if (!isCount(found?.writeToken)) return;
      const { writeToken, given } = found;
      const config = parseConfig(given);
      // The hash of what is there, not what the file claims.
      this.#stored = { writeToken, hash: hashOf(given), given, config };
    } catch (error) {
      log("the configuration on disk is not one", error);
    }
  }

  get config(): AgentConfig | null {
    return this.#stored?.config ?? null;
  }

  get summary(): { writeToken: number; hash: string } | null {
    if (!this.#stored) return null;
    const { writeToken, hash } = this.#stored;
    return { writeToken, hash };
  }

  /** Throws `Refusal`: stale_write_token, bad_request. */
  async write(writeToken: unknown, given: unknown) {
    if (!isCount(writeToken)) throw badRequest("writeToken must be an integer");
    const config = parseConfig(given);
    return await this.#lock.run(async () => {
      const onDisk = this.#stored?.writeToken ?? -1;
      if (writeToken <= onDisk) {
        throw new Refusal(
          409,
          "stale_write_token",
          `A newer configuration (${onDisk}) is already written.`,
          { onDisk },
        );
      }
      const stored = { writeToken, hash: hashOf(given), given, config };
      await writeAtomic(
        this.layout.config,
        JSON.stringify({ writeToken, given }),
      );
      this.#stored = stored;
      await this.onChange();
      return { writeToken, hash: stored.hash };
    });
  }
}

/** SHA-256, lower-case hex, of the canonical JSON (sorted keys, no spaces). */
export function hashOf(config: unknown): string {
  return createHash("sha256").update(canonical(config)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(",")}}`;
}

function parseConfig(value: unknown): AgentConfig {
  const config = record(value, "config");
  const model = record(config.model, "config.model");
  const { baseUrl, apiKey, name, contextLength } = model;
  if (!isLine(baseUrl) || !/^https?:\/\//.test(baseUrl)) {
    throw badRequest("config.model.baseUrl must be an http(s) URL");
  }
  if (!isLine(apiKey)) throw badRequest("config.model.apiKey must be one line");
  if (!isLine(name)) throw badRequest("config.model.name must be one line");
  if (!isCount(contextLength) || contextLength < 1) {
    throw badRequest("config.model.contextLength must be a positive integer");
  }
  if (!isCount(config.maxTurns) || config.maxTurns < 1) {
    throw badRequest("config.maxTurns must be a positive integer");
  }
  return {
    model: { baseUrl, apiKey, name, contextLength },
    maxTurns: config.maxTurns,
  };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw badRequest(`${what} must be an object`);
  }
  return value as Record<string, unknown>;
}

/** Printable ASCII: it goes into headers and a YAML file. */
function isLine(value: unknown): value is string {
  return typeof value === "string" && /^[\x20-\x7e]{1,4096}$/.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
