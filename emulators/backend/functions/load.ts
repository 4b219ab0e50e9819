import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Glob } from "bun";
import { loadComponents, type Component } from "./components";

/** What a `convex/` folder holds, evaluated. */
export type Project = Component & {
  authConfig: { providers: unknown[] } | null;
  crons: CronJobs | null;
  http: HttpRouter | null;
};

/** The app, and what it mounts by path. */
export type App = Project & { components: ReadonlyMap<string, Component> };

export type CronJobs = {
  isCrons: true;
  crons: Record<string, { name: string; args: unknown[]; schedule: unknown }>;
};

export type HttpRouter = {
  isRouter: true;
  lookup(
    path: string,
    method: string,
  ):
    | readonly [
        { invokeHttpAction(request: Request): Promise<Response> },
        string,
        string,
      ]
    | null;
};

/** Modules by path, as an in-process test may hand them over. */
export type ModuleMap = Record<string, () => Promise<Record<string, unknown>>>;

const CONFIG = "convex.config.ts";

let loads = 0;

/**
 * Imports a `convex/` folder, following the rules of `convex deploy`: what is
 * in `_generated`, has two dots in its name (`x.test.ts`, `auth.config.ts`) or
 * is the schema is no function module. `"use node"` modules run in this same
 * process.
 */
export async function loadApp(
  functions: string | ModuleMap,
  configFile?: string,
): Promise<App> {
  const config =
    configFile ??
    (typeof functions === "string" ? resolve(functions, CONFIG) : null);
  const components =
    config !== null && existsSync(config)
      ? await loadComponents(resolve(config), loadFolder)
      : new Map<string, Component>();
  const project = await (typeof functions === "string"
    ? loadFolder(functions)
    : loadModules(functions));
  return { ...project, components };
}

async function loadFolder(folder: string): Promise<Project> {
  const root = resolve(folder);
  if (!existsSync(root)) {
    throw new Error(`There is no functions folder at ${root}.`);
  }
  // A second load in one process asks for fresh modules, so that what is
  // evaluated once per deployment sees its own deployment's environment.
  const fresh = loads === 0 ? "" : `?deployment=${loads}`;
  loads += 1;
  const modules: ModuleMap = {};
  for (const file of new Glob("**/*.{ts,tsx,js,mjs,jsx}").scanSync(root)) {
    modules[file] = () => import(`${root}/${file}${fresh}`);
  }
  return loadModules(modules);
}

async function loadModules(map: ModuleMap): Promise<Project> {
  const modules = new Map<string, Record<string, unknown>>();
  const special = new Map<string, Record<string, unknown>>();
  for (const file of Object.keys(map).sort()) {
    const path = file.replace(/^\.\//, "");
    const name = path.replace(/\.[^./]+$/, "");
    const load = map[file] as ModuleMap[string];
    if (name === "schema" || name === "auth.config") {
      special.set(name, await load());
    } else if (isFunctionModule(path)) {
      modules.set(name, await load());
    }
  }
  return {
    modules,
    schema: (special.get("schema")?.["default"] ?? null) as Project["schema"],
    authConfig: (special.get("auth.config")?.["default"] ??
      null) as Project["authConfig"],
    crons: marked<CronJobs>(modules.get("crons"), "isCrons", "crons.ts"),
    http: marked<HttpRouter>(modules.get("http"), "isRouter", "http.ts"),
  };
}

function isFunctionModule(path: string): boolean {
  const parts = path.split("/");
  const base = parts[parts.length - 1] as string;
  return (
    parts[0] !== "_generated" &&
    !base.startsWith(".") &&
    !base.startsWith("#") &&
    !path.includes(" ") &&
    base.split(".").length === 2
  );
}

function marked<T>(
  exports: Record<string, unknown> | undefined,
  mark: string,
  file: string,
): T | null {
  if (exports === undefined) return null;
  const value = exports["default"];
  if (typeof value === "object" && value !== null && mark in value) {
    return value as T;
  }
  throw new Error(
    `The default export of ${file} must be what convex/server makes: ` +
      `${mark === "isCrons" ? "cronJobs()" : "httpRouter()"}.`,
  );
}
