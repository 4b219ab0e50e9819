import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { EgressPolicy } from "./egress/policy";
import { Executor } from "./executor/executor";
import { DEFAULT_LIMITS } from "./executor/limits";
import type { Limits } from "./executor/limits";
import { EventHub } from "./http/events";
import { Faults } from "./http/faults";
import { serveHttp } from "./http/server";
import type { Observer } from "./http/server";
import { Snapshots } from "./snapshots";
import { Activity } from "./state/activity";
import { Builds } from "./state/builds";
import { parseBehaviour } from "./state/behaviour";
import type { BehaviourInput } from "./state/behaviour";
import { keepHouse } from "./state/housekeeping";
import { History } from "./state/history";
import { Lifecycle } from "./state/lifecycle";
import type { StateListener } from "./state/lifecycle";
import { lockDataFolder } from "./state/lock";
import { recover } from "./state/recovery";
import { Registry } from "./state/registry";

export interface SandboxServerOptions {
  /** Registry and homes; one server at a time. */
  data: string;
  /** Folder of snapshots; looked into at every create. */
  snapshots: string;
  /** 0 chooses a free one. */
  port?: number;
  /** The key the SDK is given as DAYTONA_API_KEY. */
  apiKey: string;
  /** name -> origin, e.g. { "slipway.internal": "http://127.0.0.1:3210" } */
  egress?: Record<string, string>;
  /** Public hosts sandboxes may reach, by exact name; none by default. */
  allowHosts?: string[];
  limits?: Partial<Limits>;
  /** How long a minute of every interval lasts; tests shorten it. */
  minuteMs?: number;
  /** Slowness, lag and quotas; see state/behaviour.ts. None by default. */
  behaviour?: BehaviourInput;
  /** Sandboxes kept ready for the next create; 0 by default. */
  warm?: number;
  /** False: homes are watched folders even where they could have disks of their own. */
  ownDisks?: boolean;
  /** Sees a copy of every answer, for tests of the wire. */
  observe?: Observer;
}

export interface SandboxServer {
  /** What goes into DAYTONA_API_URL. */
  url: string;
  /** Deletes every sandbox, build and fault; behaves as at its start. */
  reset(): Promise<void>;
  /** Ends every sandbox; their homes stay. */
  close(): Promise<void>;
}

/** @throws Error when another server has the data folder. */
export async function createSandboxServer(
  options: SandboxServerOptions,
): Promise<SandboxServer> {
  const data = resolve(options.data);
  mkdirSync(data, { recursive: true });
  const lock = lockDataFolder(data);
  const registry = new Registry(`${data}/registry.sqlite`);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const policy = new EgressPolicy(options.egress ?? {}, options.allowHosts);
  const executor = await Executor.open(data, limits, policy, options);
  const snapshots = new Snapshots(resolve(options.snapshots));
  const events = new EventHub();
  const activity = new Activity(registry);
  const faults = new Faults();
  let server: ReturnType<typeof serveHttp> | null = null;
  const origin = () => `http://127.0.0.1:${server?.port ?? options.port ?? 0}`;
  const minuteMs = options.minuteMs ?? 60_000;
  const history = new History(registry.all());
  const announce: StateListener = (...change) =>
    events.announce(...change, origin());
  const usual = parseBehaviour(options.behaviour ?? {});
  const lifecycle = new Lifecycle(
    { registry, executor, snapshots, history, announce, minuteMs },
    usual,
  );
  const builds = new Builds(registry);
  // Before anybody can ask: what comes between would meet records of what was.
  await recover(registry, lifecycle, executor);
  const serving = serveHttp(
    {
      ...{ registry, lifecycle, activity, executor, snapshots },
      ...{ faults, events, origin, history },
      builds,
      apiKey: options.apiKey,
      observe: options.observe,
    },
    options.port ?? 0,
  );
  server = serving;
  const house = keepHouse(registry, lifecycle, activity, minuteMs);
  return {
    url: `${origin()}/api`,
    async reset() {
      faults.set([]);
      lifecycle.behaviour = usual;
      await lifecycle.idle();
      for (const { id } of registry.all()) await lifecycle.delete(id);
      for (const build of builds.all()) builds.remove(build);
      history.clear();
    },
    async close() {
      house.stop();
      await serving.stop(true);
      await lifecycle.close();
      await executor.close();
      registry.close();
      lock.release();
    },
  };
}
