import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvexClient, type ConvexClientOptions } from "convex/browser";
import { anyApi, type FunctionReference } from "convex/server";
import {
  createBackend,
  type Backend,
  type BackendOptions,
} from "../../emulators/backend";

export const FIXTURES = join(
  import.meta.dir,
  "../../emulators/backend/fixtures",
);

/** The fixtures have no generated types: their functions are called by name. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of any kind
export type AnyReference = FunctionReference<any, "public">;

export const api = anyApi as unknown as Record<
  string,
  Record<string, AnyReference>
>;

/** Collects what must be undone after a test, and undoes it, the last first. */
export class Cleanup {
  private readonly steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.steps.splice(0).reverse()) await step();
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "slipway-backend-"));
    this.add(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  /** A backend on a fixture, in memory unless told otherwise. */
  async backend(
    fixture: string,
    options: Partial<BackendOptions> = {},
  ): Promise<Backend> {
    const backend = await createBackend({
      functions: join(FIXTURES, fixture),
      data: ":memory:",
      log: () => {},
      ...options,
    });
    this.add(() => backend.close());
    return backend;
  }

  client(url: string, options: ConvexClientOptions = {}): ConvexClient {
    const client = new ConvexClient(url, { logger: false, ...options });
    this.add(() => client.close());
    return client;
  }
}

/** Waits until `read` gives a value that `accept` takes; fails with the last one. */
export async function eventually<T>(
  read: () => T | Promise<T>,
  accept: (value: T) => boolean,
  within = 5_000,
): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    const value = await read();
    if (accept(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`Still ${JSON.stringify(value)} after ${within} ms.`);
    }
    await Bun.sleep(5);
  }
}

/** Every value a subscription has delivered, and a way to wait for one. */
export function watch<T>(
  client: ConvexClient,
  query: AnyReference,
  args: Record<string, unknown> = {},
): {
  values: T[];
  errors: Error[];
  until(accept: (value: T) => boolean): Promise<T>;
} {
  const values: T[] = [];
  const errors: Error[] = [];
  client.onUpdate(
    query as FunctionReference<"query">,
    args,
    (value) => void values.push(value as T),
    (error) => void errors.push(error),
  );
  return {
    values,
    errors,
    until: async (accept) => {
      const seen = () => values[values.length - 1];
      return (await eventually(
        seen,
        (value) => value !== undefined && accept(value),
      )) as T;
    },
  };
}
