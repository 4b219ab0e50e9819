import { dirname } from "node:path";
import { Transpiler } from "bun";
import { unsupported } from "../errors";
import type { SchemaDefinition } from "../schema";

/** A component's own modules and tables. */
export type Component = {
  modules: ReadonlyMap<string, Record<string, unknown>>;
  schema: SchemaDefinition | null;
};

/** What `defineApp` and `defineComponent` return. Its fields are the SDK's own. */
type Definition = {
  _name?: string;
  _childComponents: [
    name: string,
    definition: Definition,
    env: Record<string, unknown> | null,
    httpPrefix: string | undefined,
  ][];
  componentDefinitionPath?: string;
  defaultName?: string;
};

type LoadFolder = (folder: string) => Promise<Component & { crons: unknown }>;

/**
 * The components that a `convex.config.ts` mounts, and those these mount in
 * turn, by path: "rateLimiter", "rateLimiter/batchWorker".
 *
 * @param config the file's absolute path
 * @throws Error that names the component and what of it is not supported
 */
export async function loadComponents(
  config: string,
  loadFolder: LoadFolder,
): Promise<Map<string, Component>> {
  const components = new Map<string, Component>();
  const visit = async (parent: string, { _childComponents }: Definition) => {
    for (const [name, child, env, httpPrefix] of _childComponents) {
      const path = parent === "" ? name : `${parent}/${name}`;
      const what = `of the component "${path}"`;
      if (httpPrefix !== undefined) throw unsupported(`httpPrefix ${what}`);
      if (env !== null && Object.keys(env).length > 0) {
        throw unsupported(`env ${what}`);
      }
      const { modules, schema, crons } = await loadFolder(folderOf(child));
      if (crons !== null) throw unsupported(`crons.ts ${what}`);
      components.set(path, { modules, schema });
      await visit(path, child);
    }
  };
  await visit("", await evaluate(config));
  return components;
}

function folderOf({ componentDefinitionPath, _name }: Definition): string {
  if (componentDefinitionPath !== undefined) return componentDefinitionPath;
  throw new Error(`The component "${_name}" was not imported from a file.`);
}

const scanner = new Transpiler({ loader: "ts" });
const IS_CONFIG = /(^|\/)convex\.config(\.[jt]s)?$/;

/**
 * Evaluates a config, those it imports first: the SDK wants every imported
 * definition to say which folder it is from, which in the cloud the bundler
 * adds.
 */
async function evaluate(config: string): Promise<Definition> {
  const text = await Bun.file(config).text();
  for (const { path } of scanner.scanImports(text)) {
    if (!IS_CONFIG.test(path)) continue;
    const file = Bun.resolveSync(path, dirname(config));
    const child = await evaluate(file);
    child.componentDefinitionPath = dirname(file);
    child.defaultName = child._name ?? "";
  }
  const { default: definition } = (await import(config)) as {
    default?: Definition;
  };
  if (definition !== undefined && "_childComponents" in definition) {
    return definition;
  }
  throw new Error(
    `The default export of ${config} must be what convex/server makes: ` +
      `defineApp() or defineComponent().`,
  );
}
