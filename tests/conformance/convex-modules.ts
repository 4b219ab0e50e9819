import type { GenericSchema, SchemaDefinition } from "convex/server";
import { dirname, join } from "node:path";

type Modules = Record<string, () => Promise<unknown>>;

const CONVEX = join(import.meta.dir, "../../convex");

/** Every module under convex/, as `convex-test` wants them. */
export function convexModules(): Modules {
  const modules: Modules = {};
  const glob = new Bun.Glob("**/*.{ts,js}");
  for (const path of glob.scanSync(CONVEX)) {
    if (/\.(test|d)\.ts$/.test(path)) continue;
    modules[`${dirname(import.meta.dir)}/../convex/${path}`] = () =>
      import(join(CONVEX, path));
  }
  return modules;
}

/** The component that counts, for `registerComponent`: its own helper needs a bundler. */
export async function rateLimiterModules(): Promise<{
  schema: SchemaDefinition<GenericSchema, boolean>;
  modules: Modules;
}> {
  const main = Bun.resolveSync("@convex-dev/rate-limiter", CONVEX);
  const folder = join(dirname(main), "../component");
  const modules: Modules = {};
  for (const path of new Bun.Glob("**/*.js").scanSync(folder)) {
    modules[`${folder}/${path}`] = () => import(join(folder, path));
  }
  const schema = (await import(join(folder, "schema.js"))) as {
    default: SchemaDefinition<GenericSchema, boolean>;
  };
  return { schema: schema.default, modules };
}
