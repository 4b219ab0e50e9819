import type { FunctionContext } from "./context";
import {
  canonicalPath,
  type FunctionKind,
  type ResolvedFunction,
} from "./registry";
import type { Args } from "./syscalls";

const HANDLE = "function://";
const CHILD = "_reference/childComponent/";

/**
 * The function that a call means: one of the caller's own component by name, a
 * public one of a component mounted in it by reference, or any by a handle.
 */
export function calledFunction(
  { runtime: { registry }, component }: FunctionContext,
  args: Args,
  kind: FunctionKind | "any" = "any",
): ResolvedFunction {
  const { name, functionHandle, reference } = args;
  if (typeof name === "string") return registry.get(name, kind, component);
  if (typeof functionHandle === "string") {
    const [owner, path] = readHandle(functionHandle);
    return registry.get(path, kind, owner);
  }
  if (typeof reference === "string" && reference.startsWith(CHILD)) {
    const [child = "", ...rest] = reference.slice(CHILD.length).split("/");
    const owner = component === "" ? child : `${component}/${child}`;
    const path = `${rest.slice(0, -1).join("/")}:${rest.at(-1) ?? ""}`;
    return registry.getPublic(path, kind, owner);
  }
  throw new Error(`${String(reference)} does not name a function.`);
}

export function handleOf({ component, path }: ResolvedFunction): string {
  return `${HANDLE}${component};${path}`;
}

function readHandle(handle: string): [component: string, path: string] {
  const end = handle.indexOf(";");
  if (!handle.startsWith(HANDLE) || end === -1) {
    throw new Error(`"${handle}" is not a function handle.`);
  }
  return [
    handle.slice(HANDLE.length, end),
    canonicalPath(handle.slice(end + 1)),
  ];
}
