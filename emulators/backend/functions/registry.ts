import { EngineError } from "../errors";
import type { Validator } from "../values/validator";

/** What `query`, `mutation`, `action` and `httpAction` of convex/server return. */
export type RegisteredFunction = {
  isQuery?: true;
  isMutation?: true;
  isAction?: true;
  isHttp?: true;
  isPublic?: true;
  isInternal?: true;
  invokeQuery?(args: string): Promise<string>;
  invokeMutation?(args: string): Promise<string>;
  invokeAction?(requestId: string, args: string): Promise<string>;
  invokeHttpAction?(request: Request): Promise<Response>;
  exportArgs?(): string;
  exportReturns?(): string;
};

export type FunctionKind = "query" | "mutation" | "action";

export type ResolvedFunction = {
  /** Whose it is: "" for the app's own, else as "outer/inner". */
  component: string;
  /** "folder/file:name" */
  path: string;
  kind: FunctionKind;
  public: boolean;
  args: Validator;
  returns: Validator | null;
  implementation: RegisteredFunction;
};

/** The functions of the app and of the components mounted in it, by path. */
export class Registry {
  private readonly components = new Map<
    string,
    Map<string, ResolvedFunction>
  >();

  /** @param modules exports by module path without extension: "folder/file" */
  constructor(modules: ReadonlyMap<string, Record<string, unknown>>) {
    this.mount("", modules);
  }

  mount(
    component: string,
    modules: ReadonlyMap<string, Record<string, unknown>>,
  ): void {
    const known = mounted.get(modules);
    if (known?.component === component) {
      this.components.set(component, known.functions);
      return;
    }
    const functions = new Map<string, ResolvedFunction>();
    for (const [module, exports] of modules) {
      for (const [name, value] of Object.entries(exports)) {
        const path = `${module}:${name}`;
        const fn = resolve(component, path, value);
        if (fn !== null) functions.set(path, fn);
      }
    }
    this.components.set(component, functions);
    mounted.set(modules, { component, functions });
  }

  /** @throws EngineError "function_not_found", with the nearest names */
  get(
    path: string,
    kind: FunctionKind | "any" = "any",
    component = "",
  ): ResolvedFunction {
    const canonical = canonicalPath(path);
    const found = this.of(component).get(canonical);
    if (found === undefined) {
      throw this.notFound(canonical, "function", component);
    }
    if (kind !== "any" && found.kind !== kind) {
      throw new EngineError(
        "function_not_found",
        `Trying to execute ${canonical} as ${article(kind)}, but it is defined ` +
          `as ${article(found.kind)}.`,
      );
    }
    return found;
  }

  /** As `get`, for callers that may only see what is public. */
  getPublic(
    path: string,
    kind: FunctionKind | "any",
    component = "",
  ): ResolvedFunction {
    const canonical = canonicalPath(path);
    if (!this.of(component).get(canonical)?.public) {
      throw this.notFound(canonical, "public function", component);
    }
    return this.get(path, kind, component);
  }

  private of(component: string): Map<string, ResolvedFunction> {
    const functions = this.components.get(component);
    if (functions !== undefined) return functions;
    throw new EngineError(
      "function_not_found",
      `There is no component "${component}". Mount it in convex.config.ts.`,
    );
  }

  private notFound(path: string, what: string, component: string): EngineError {
    const module = path.split(":")[0] as string;
    const inModule = [...this.of(component).values()]
      .filter((f) => f.public && f.path.startsWith(`${module}:`))
      .map((f) => f.path);
    const hint =
      inModule.length > 0
        ? ` Public functions of that module: ${inModule.join(", ")}.`
        : ` There is no module "${module}" with public functions.`;
    return new EngineError(
      "function_not_found",
      `Could not find ${what} for '${path}'` +
        `${component === "" ? "" : ` in component "${component}"`}.${hint}`,
    );
  }
}

/** "dir/file.js:name" and "dir/file" (its default export) as "dir/file:name". */
export function canonicalPath(path: string): string {
  const colon = path.lastIndexOf(":");
  const module = colon === -1 ? path : path.slice(0, colon);
  const name = colon === -1 ? "default" : path.slice(colon + 1);
  return `${module.replace(/\.[jt]s$/, "")}:${name}`;
}

function resolve(
  component: string,
  path: string,
  value: unknown,
): ResolvedFunction | null {
  if (typeof value !== "function" && typeof value !== "object") return null;
  if (value === null) return null;
  const implementation = value as RegisteredFunction;
  const kind = implementation.isQuery
    ? "query"
    : implementation.isMutation
      ? "mutation"
      : implementation.isAction
        ? "action"
        : null;
  if (kind === null) return null;
  const args = JSON.parse(implementation.exportArgs?.() ?? "null") as Validator;
  if (args?.type !== "object" && args?.type !== "any") {
    throw new Error(
      `The args validator of ${path} must be an object (or v.any()).`,
    );
  }
  return {
    component,
    path,
    kind,
    public: implementation.isPublic === true,
    args,
    returns: JSON.parse(
      implementation.exportReturns?.() ?? "null",
    ) as Validator | null,
    implementation,
  };
}

type Mounted = {
  component: string;
  functions: Map<string, ResolvedFunction>;
};

/** What was mounted before: backends of one process share their modules. */
const mounted = new WeakMap<
  ReadonlyMap<string, Record<string, unknown>>,
  Mounted
>();

function article(kind: FunctionKind): string {
  return kind === "action" ? "an action" : `a ${kind}`;
}
