import { dirname, join } from "node:path";

const CONVEX = join(import.meta.dir, "../../convex");

/** Every module under convex/, as `convex-test` wants them. */
export function convexModules(): Record<string, () => Promise<unknown>> {
  const modules: Record<string, () => Promise<unknown>> = {};
  const glob = new Bun.Glob("**/*.{ts,js}");
  for (const path of glob.scanSync(CONVEX)) {
    if (/\.(test|d)\.ts$/.test(path)) continue;
    modules[`${dirname(import.meta.dir)}/../convex/${path}`] = () =>
      import(join(CONVEX, path));
  }
  return modules;
}
