import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daytona } from "@daytonaio/sdk";
import { createSandboxServer } from "../../emulators/sandbox/index";
import { ContractChecker } from "./sandbox-contract";
import { SOON_MS } from "./sandbox-target";
import type {
  SandboxServer,
  SandboxServerOptions,
} from "../../emulators/sandbox/index";

export { PATIENCE_MS } from "./sandbox-target";

export const API_KEY = "test-key";

export interface Fixture {
  server: SandboxServer;
  daytona: Daytona;
  /** "http://127.0.0.1:PORT" */
  origin: string;
  data: string;
  snapshots: string;
  /** Has seen every answer; a violation fails close(). */
  contract: ContractChecker;
  /** The server's own routes, e.g. POST /__faults. */
  operator(method: string, path: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

/**
 * A server of its own for one test file. Where the host cannot isolate this
 * throws, with the reason: a sandbox test that is skipped is worth nothing.
 */
export async function startFixture(
  options: Partial<SandboxServerOptions> = {},
): Promise<Fixture> {
  // 0700, as mkdtemp makes it: the sandbox's user cannot pass through it.
  const folder = mkdtempSync(join(tmpdir(), "sandbox-test-"));
  const data = join(folder, "data");
  const snapshots = join(folder, "snapshots");
  const contract = new ContractChecker();
  const server = await createSandboxServer({
    data,
    snapshots,
    apiKey: API_KEY,
    observe: contract.observe,
    ...options,
  });
  const origin = new URL(server.url).origin;
  const health = await (await fetch(`${origin}/health`)).json();
  if (!health.ok) {
    throw new Error(
      `No isolation here: ${health.isolation.reason} ${health.isolation.remedy}`,
    );
  }
  return {
    server,
    origin,
    data,
    snapshots,
    contract,
    daytona: client(server.url),
    operator: (method, path, body) =>
      fetch(origin + path, {
        method,
        headers: { "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      }),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
      await contract.settle();
    },
  };
}

export function client(apiUrl: string): Daytona {
  return new Daytona({ apiKey: API_KEY, apiUrl, target: "local" });
}

/** Polls until `look` gives a value; real processes take their time. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  what: string,
  ms = SOON_MS,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await Bun.sleep(20);
  }
}

/** The error a promise ends with; a promise that does not fail is one. */
export async function failure(work: Promise<unknown>): Promise<{
  name: string;
  message: string;
  statusCode?: number;
}> {
  try {
    await work;
  } catch (error) {
    return error as Error & { statusCode?: number };
  }
  throw new Error("expected a failure");
}
