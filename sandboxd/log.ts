/**
 * One line per fact on stderr. Callers pass ids and codes, never keys, tokens,
 * headers or what people wrote: these lines may leave the sandbox.
 */
export function log(message: string, error?: unknown): void {
  const cause = error instanceof Error ? `: ${error.message}` : "";
  process.stderr.write(`${new Date().toISOString()} ${message}${cause}\n`);
}
