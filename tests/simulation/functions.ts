import { convexModules } from "../conformance/convex-modules";
import { doors } from "./doors";
import { ELSEWHERE } from "./sources";
import { mortal } from "./workers";

/** The functions that the stage's server runs. */

const exported = new Map<string, Record<string, unknown>>();

/** The product's own modules, but those that no run comes to. */
export const modules = Object.fromEntries(
  Object.entries(convexModules()).flatMap(([path, load]) => {
    const name = path.slice(path.lastIndexOf("/convex/") + "/convex/".length);
    if (ELSEWHERE.test(name)) return [];
    const once = async () => {
      const module = (await load()) as Record<string, unknown>;
      exported.set(name.replace(/\.ts$/, ""), module);
      mortal(module);
      return module;
    };
    return [[name, once]];
  }),
);

modules["simulation.ts"] = () => Promise.resolve(doors);

/** Whether there is such a function, by its path; known once a server was up. */
export function isThere(path: string): boolean {
  const [module = "", name = ""] = path.split(":");
  return name in (exported.get(module) ?? {});
}

/** The product's mutations that runs come to, by their paths. */
export function mutations(): string[] {
  return [...exported]
    .filter(([module]) => PLAYED.test(module))
    .flatMap(([module, functions]) =>
      Object.keys(functions)
        .filter((name) => isMutation(functions[name]))
        .map((name) => `${module}:${name}`),
    )
    .sort();
}

const PLAYED =
  /^(chat|lifecycle)\/|^(fleet|launches|presence|sandboxes|sessions|turns)$/;

function isMutation(value: unknown): boolean {
  return (
    typeof value === "function" && "isMutation" in value && !!value.isMutation
  );
}
