import type { FunctionReference, GenericMutationCtx } from "convex/server";
import type { Value } from "convex/values";
import type { PartialIdentity } from "./auth/identity";
import type { Clock } from "./clock";
import type { ModuleMap } from "./functions/load";
import type { StepHook } from "./functions/steps";

export type BackendOptions = {
  /** A `convex/` folder, or its modules by path ("messages.ts"). */
  functions: string | ModuleMap;
  /** Where convex.config.ts is, if `functions` are modules: it mounts components. */
  config?: string;
  /** A folder of its own, or ":memory:" for nothing on disk. */
  data: string;
  /** The deployment's environment. Set on `process.env`, which all backends of a process share. */
  env?: Record<string, string>;
  /** The client origin's port on 127.0.0.1; 0, the default, for a free one. */
  port?: number;
  /** The same for the HTTP actions' origin. */
  sitePort?: number;
  /** Drives everything that waits; the process's own by default. */
  clock?: Clock;
  /** Makes ids and all randomness repeatable. For tests only: ids become guessable. */
  seed?: string;
  /** Who holds it may call internal functions and act as anybody. None by default. */
  adminKey?: string;
  /**
   * How mutations run. "serial" (the default): one at a time. "optimistic": at
   * once, and again on a conflict, as in the cloud. "retrying": so, and the
   * first attempt of each is in vain, so that what is wrong when it runs again
   * is found without a race.
   */
  concurrency?: "serial" | "optimistic" | "retrying";
  /**
   * "smallest": no more at once than the smallest deployment class allows (8
   * scheduled functions, 16 mutations, 16 queries, 64 actions); the rest waits.
   */
  deploymentClass?: "smallest";
  /** How many scheduled functions run at once; 64 by default. */
  scheduledJobs?: number;
  /**
   * The seed also picks, at every step, which of the functions that are ready
   * goes on. Without a virtual clock, what waits for the outside is not seeded.
   */
  interleave?: boolean;
  /** Called at each step of each function; what answers "crash" is the last. */
  onStep?: StepHook;
  /** Where log lines go; stderr by default. */
  log?: (line: string) => void;
};

export type AnyFunction =
  | string
  | FunctionReference<"query" | "mutation" | "action", "public" | "internal">;

/** The backend serves any project: it has no data model of its own. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyMutationCtx = GenericMutationCtx<any>;

export type RunOptions = {
  /** On whose behalf; nobody's by default. */
  identity?: PartialIdentity;
};

export type Backend = {
  /** Of the client origin: what ConvexClient and ConvexHttpClient are given. */
  url: string;
  /** Of the HTTP actions. */
  siteUrl: string;
  /**
   * Runs a function in this process, internal ones too, without a socket.
   *
   * @throws ConvexError as the function threw it; else an Error with its message
   */
  run(
    fn: AnyFunction,
    args?: Record<string, Value>,
    options?: RunOptions,
  ): Promise<unknown>;
  /** Runs `handler` as a mutation of its own: to seed data and to look at it. */
  transaction<T>(
    handler: (ctx: AnyMutationCtx) => Promise<T>,
    options?: RunOptions,
  ): Promise<T>;
  /** Waits until no scheduled function is due or running. */
  settle(): Promise<void>;
  /** Counts for tests and benches. */
  stats(): {
    queryRuns: number;
    ts: number;
    /** The most that ran at once, by kind. */
    peak: Record<"queries" | "mutations" | "actions" | "jobs", number>;
  };
  /** Resolves once a hook has crashed the backend and its folder is free again. */
  crashed: Promise<void>;
  /** Removes all documents and files. Clients stay connected and see it. */
  reset(): Promise<void>;
  /** Stops serving and gives the data folder back. */
  close(): Promise<void>;
};
