import { realClock } from "../clock";
import { Engine } from "../engine";
import { BytesInMemory } from "../files/bytes";
import { Files } from "../files/files";
import { installEnvironment } from "../functions/environment";
import { Registry } from "../functions/registry";
import { Runtime } from "../functions/runtime";
import { Steps } from "../functions/steps";
import { readSchema, type SchemaDefinition } from "../schema";
import { Store } from "../store/database";

/** A runtime in memory, without origins or schedule, for unit tests. */
export function bareRuntime(
  modules: Record<string, Record<string, unknown>>,
  schema: SchemaDefinition | null = null,
): { runtime: Runtime; close: () => void } {
  installEnvironment();
  const store = new Store(":memory:");
  const log = () => {};
  const schemas = new Map([["", readSchema(schema)]]);
  const engine = new Engine(store, schemas, realClock, "seed", log);
  const files = new Files(engine, new BytesInMemory(), "secret", "http://x");
  const registry = new Registry(new Map(Object.entries(modules)));
  const options = {
    concurrency: "serial",
    seeded: true,
    capacity: { queries: Infinity, mutations: Infinity, actions: Infinity },
    steps: new Steps(null, null, () => {}, realClock),
  } as const;
  const runtime = new Runtime(engine, registry, files, options);
  files.attach(runtime);
  return { runtime, close: () => store.close() };
}
