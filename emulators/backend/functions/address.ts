import { unsupported } from "../errors";
import { canonicalPath } from "./registry";
import type { Args } from "./syscalls";

const HANDLE = "function://;";

/** The path of the function that a call names: by name, or by a handle. */
export function resolveAddress(args: Args): string {
  const { name, functionHandle, reference } = args;
  if (typeof name === "string") return canonicalPath(name);
  if (typeof functionHandle === "string") {
    if (functionHandle.startsWith(HANDLE)) {
      return canonicalPath(functionHandle.slice(HANDLE.length));
    }
    throw new Error(`"${functionHandle}" is not a function handle.`);
  }
  throw unsupported(`The component function ${String(reference)}`);
}

export function handleOf(path: string): string {
  return `${HANDLE}${path}`;
}
