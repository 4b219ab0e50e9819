import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readAuthConfig } from "./auth/config";
import { Authenticator } from "./auth/verify";
import { realClock } from "./clock";
import { Engine } from "./engine";
import { BytesInMemory, BytesOnDisk } from "./files/bytes";
import { Files } from "./files/files";
import { installEnvironment } from "./functions/environment";
import { loadApp } from "./functions/load";
import { Registry } from "./functions/registry";
import { Runtime } from "./functions/runtime";
import { Steps } from "./functions/steps";
import { ActionOrigin, ClientOrigin } from "./http/servers";
import { inProcess } from "./in-process";
import type { Backend, BackendOptions } from "./options";
import { CronRunner } from "./schedule/crons";
import { Scheduler } from "./schedule/scheduler";
import { readSchema } from "./schema";
import { SMALLEST_CLASS } from "./limits";
import { Random } from "./random";
import { Store } from "./store/database";
import { lockFolder } from "./store/lock";
import { OncePerRequest } from "./sync/once";
import { QueryCache } from "./sync/query-cache";

/** Nobody's class: as much as a laptop can do. */
const CAPACITY = {
  scheduledJobs: 64,
  queries: Infinity,
  mutations: Infinity,
  actions: Infinity,
};

/** `onStep` ended the backend before it had started. */
export class CrashedAtStart extends Error {}

/**
 * Starts a Convex-compatible backend in this process.
 *
 * @throws DataFolderInUse, CrashedAtStart, or an Error that says what is wrong with the
 *   functions, the schema, the stored documents or auth.config.ts
 */
export async function createBackend(options: BackendOptions): Promise<Backend> {
  const undo: (() => void | Promise<void>)[] = [];
  try {
    return await start(options, undo);
  } catch (error) {
    await closeAll(undo);
    throw error;
  }
}

async function start(
  options: BackendOptions,
  undo: (() => void | Promise<void>)[],
): Promise<Backend> {
  const clock = options.clock ?? realClock;
  const log = options.log ?? ((line) => void process.stderr.write(`${line}\n`));
  const inMemory = options.data === ":memory:";
  if (!inMemory) {
    mkdirSync(options.data, { recursive: true });
    const lock = lockFolder(options.data);
    undo.push(() => lock.release());
  }

  const store = new Store(
    inMemory ? ":memory:" : join(options.data, "backend.sqlite"),
  );
  undo.push(() => store.close());

  // The origins come first: functions may read their URLs while being loaded.
  const clients = new ClientOrigin(options.port ?? 0, clock, log);
  undo.push(() => clients.close());
  const actions = new ActionOrigin(options.sitePort ?? 0, log);
  undo.push(() => actions.close());
  undo.push(
    setEnvironment({
      ...options.env,
      CONVEX_CLOUD_URL: clients.url,
      CONVEX_SITE_URL: actions.url,
    }),
  );
  installEnvironment();
  const project = await loadApp(options.functions, options.config);
  const registry = new Registry(project.modules);
  const schemas = new Map([["", readSchema(project.schema)]]);
  for (const [path, { modules, schema }] of project.components) {
    registry.mount(path, modules);
    schemas.set(path, readSchema(schema));
  }
  const authenticator = new Authenticator(
    readAuthConfig(project.authConfig),
    clock,
  );

  const seed = options.seed ?? null;
  const engine = new Engine(store, schemas, clock, seed, log);
  const bytes = inMemory
    ? new BytesInMemory()
    : new BytesOnDisk(join(options.data, "files"));
  const files = new Files(engine, bytes, fileSecret(store), clients.url);
  const capacity =
    options.deploymentClass === "smallest" ? SMALLEST_CLASS : CAPACITY;
  const closed = Promise.withResolvers<void>();
  const steps = new Steps(
    options.onStep ?? null,
    orderOf(options),
    () => void closeAll(undo).then(closed.resolve, closed.reject),
    clock,
  );
  const runtime = new Runtime(engine, registry, files, {
    concurrency: options.concurrency ?? "serial",
    capacity,
    steps,
    seeded: seed !== null,
  });
  files.attach(runtime);

  const cache = new QueryCache(runtime);
  const scheduler = new Scheduler(
    runtime,
    options.scheduledJobs ?? capacity.scheduledJobs,
    log,
  );
  const crons = new CronRunner(runtime, project.crons, log);
  undo.push(() => scheduler.stop());
  undo.push(() => crons.stop());
  const begun = crons.start().then(() => scheduler.start());
  const down = closed.promise.then(() => "down" as const);
  if ((await Promise.race([begun, down])) === "down")
    throw new CrashedAtStart();
  actions.serve({
    runtime,
    router: project.http,
    authenticator,
    seeded: seed !== null,
    log,
  });
  clients.serve(
    {
      runtime,
      cache,
      once: new OncePerRequest(engine),
      authenticator,
      isAdminKey: keyCheck(options.adminKey),
      log,
    },
    files,
  );

  return {
    url: clients.url,
    siteUrl: actions.url,
    ...inProcess(runtime),
    settle: () => scheduler.settle(),
    crashed: closed.promise,
    stats: () => ({
      queryRuns: cache.runs,
      ts: engine.ts,
      peak: {
        queries: runtime.running.queries.peak,
        mutations: runtime.running.mutations.peak,
        actions: runtime.running.actions.peak,
        jobs: scheduler.peak,
      },
    }),
    async reset() {
      engine.clear();
      bytes.removeAll();
      await crons.start();
    },
    close: () => closeAll(undo),
  };
}

async function closeAll(undo: (() => void | Promise<void>)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

function orderOf({ interleave, seed }: BackendOptions): Random | null {
  if (!interleave) return null;
  if (seed === undefined) throw new Error("`interleave` needs a `seed`.");
  return new Random(`order ${seed}`);
}

/** Sets variables on `process.env`; what it returns puts back what was there. */
function setEnvironment(variables: Record<string, string>): () => void {
  const before = Object.keys(variables).map(
    (name) => [name, process.env[name]] as const,
  );
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** Signs upload URLs. Kept, so that they survive a restart. */
function fileSecret(store: Store): string {
  const known = store.meta("file_secret");
  if (known !== null) return known;
  const secret = randomBytes(32).toString("base64url");
  store.setMeta("file_secret", secret);
  return secret;
}

function keyCheck(adminKey: string | undefined): (key: string) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return (key) =>
    adminKey !== undefined && timingSafeEqual(digest(key), digest(adminKey));
}
