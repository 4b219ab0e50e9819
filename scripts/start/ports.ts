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

/**
 * Below the range the kernel takes ports for outgoing connections from: one of
 * those could be in use at the moment a part is started again on its port.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 200;

async function anyFree(taken: number[]): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new Error(`No free port between ${LOWEST} and ${HIGHEST} was found.`);
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
      port = await anyFree(taken);
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
