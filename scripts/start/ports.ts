import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

/** Whether a loopback port can be bound right now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

function anyFree(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => done(port));
    });
  });
}

/**
 * A free port for each name: the one it had last time where that is still free,
 * so that bookmarks, caches and addresses in records stay good.
 */
export async function choosePorts<Name extends string>(
  dataDir: string,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const path = join(dataDir, "ports.json");
  const remembered = readPorts(path);
  const chosen: Record<string, number> = {};
  for (const name of names) {
    const taken = Object.values(chosen);
    let port = remembered[name] ?? 0;
    if (!port || taken.includes(port) || !(await isFree(port))) {
      do port = await anyFree();
      while (taken.includes(port));
    }
    chosen[name] = port;
  }
  writeFileSync(path, JSON.stringify({ ...remembered, ...chosen }, null, 2));
  return chosen as Record<Name, number>;
}

function readPorts(path: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, number>;
  } catch (error) {
    // Only a memory: without it other ports are chosen.
    const absent = (error as { code?: string }).code === "ENOENT";
    if (absent || error instanceof SyntaxError) return {};
    throw error;
  }
}
