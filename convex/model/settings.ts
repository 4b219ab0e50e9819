import { ConvexError } from "convex/values";
import { capsOf } from "./admission";
import { refuse, toFailure } from "./errors";
import { parseProviders } from "./providers";
import { parseRetention } from "./retention";
import { parseSealKeys } from "./seal";
import { parseGitHosts } from "./skills/hosts";

type Environment = Record<string, string | undefined>;

/** A setting that is there and says nothing we understand. */
export type Unreadable = {
  name: string;
  /** For the operator; may repeat what was set. */
  why: string;
  /** Without it no launch comes through; else less is done, and said. */
  needed: boolean;
};

/** Each with the parser of whoever uses it, so that both agree. */
const READERS: [
  name: string,
  needed: boolean,
  read: (env: Environment) => void,
][] = [
  ["SLIPWAY_SEAL_KEYS", true, (env) => parseSealKeys(env.SLIPWAY_SEAL_KEYS)],
  ["SLIPWAY_GIT_HOSTS", true, (env) => parseGitHosts(env.SLIPWAY_GIT_HOSTS)],
  ["SLIPWAY_MODEL_PROVIDERS", true, readProviders],
  ["SLIPWAY_MAX_SANDBOXES", true, readCaps("SLIPWAY_MAX_SANDBOXES")],
  [
    "SLIPWAY_MAX_SANDBOXES_PER_USER",
    true,
    readCaps("SLIPWAY_MAX_SANDBOXES_PER_USER"),
  ],
  ["SLIPWAY_RETENTION_DAYS", false, readRetention],
];

/** What of the functions' settings cannot be read. One that is not set is no such thing. */
export function unreadableSettings(env: Environment): Unreadable[] {
  return READERS.flatMap(([name, needed, read]) => {
    if (!env[name]) return [];
    try {
      read(env);
      return [];
    } catch (error) {
      return [{ name, needed, why: toFailure(error).message }];
    }
  });
}

function readProviders(env: Environment): void {
  const { SLIPWAY_MODEL_PROVIDERS, SLIPWAY_MODE } = env;
  const mode = SLIPWAY_MODE === "embedded" ? "embedded" : "cloud";
  const read = parseProviders(SLIPWAY_MODEL_PROVIDERS, mode);
  if (!read.ok) throw new ConvexError(read.error);
}

function readCaps(name: string): (env: Environment) => void {
  return (env) => {
    const read = capsOf({ [name]: env[name] });
    if (!read.ok) throw new ConvexError(read.problem);
  };
}

function readRetention({ SLIPWAY_RETENTION_DAYS }: Environment): void {
  if (parseRetention(SLIPWAY_RETENTION_DAYS)) return;
  throw refuse(
    "bad_request",
    "SLIPWAY_RETENTION_DAYS is no JSON object of days; nothing is removed.",
  );
}
