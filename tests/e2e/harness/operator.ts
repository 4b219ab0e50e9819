import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Daytona } from "@daytonaio/sdk";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import type { Product } from "./product";
import { runningTurn } from "./tamper";

/** What befalls a request to the provider; see emulators/sandbox. */
export type Fault = {
  route: string;
  kind: string;
  /** How many requests it befalls: 1; with a probability, no end. */
  count?: number;
  probability?: number;
  ms?: number;
  status?: number;
};

/** For as long as it is armed, no request of this kind comes to anything. */
export const always = (route: string, fault: Partial<Fault> = {}): Fault => ({
  ...{ kind: "error-before", ...fault, route },
  probability: 1,
});

/** A sandbox as the provider itself has it. */
export type Made = { id: string; name: string; state: string };

type Sweep = {
  at: number;
  listed: number;
  orphansHealed: number;
  halted: string | null;
};

const SWEEP = makeFunctionReference<"action">("node/sweeper:sweep");
const PULL = makeFunctionReference<"action">("node/turns:pull");
const PROBE = makeFunctionReference<"mutation">(
  "lifecycle/probes:probeRunning",
);

/** Whoever runs Slipway and its provider: sees what the provider has, lets faults befall it, has the sweeper run. */
export class Operator {
  private constructor(
    private readonly product: Product,
    private readonly provider: string,
    private readonly backend: ConvexHttpClient,
  ) {}

  static async of(product: Product): Promise<Operator> {
    const { endpoints } = await product.health();
    const backend = new ConvexHttpClient(endpoints.backend, {
      skipConvexDeploymentUrlCheck: true,
    });
    // Known to the client's own tools, missing in its types.
    (backend as unknown as AdminClient).setAdminAuth(product.adminKey);
    return new Operator(product, endpoints.sandbox, backend);
  }

  async sandboxes(): Promise<Made[]> {
    return await this.ask<Made[]>("GET", "/__sandboxes");
  }

  /** These faults and no others wait for requests from here on. */
  async arm(faults: Fault[]): Promise<void> {
    await this.ask("POST", "/__faults", faults);
  }

  /** Faults that have not befallen a request yet. */
  async armed(): Promise<Fault[]> {
    return await this.ask<Fault[]>("GET", "/__faults");
  }

  /** Its latest requests, those that faults befell as well: "METHOD /path". */
  async asked(): Promise<string[]> {
    return await this.ask<string[]>("GET", "/__requests");
  }

  /** The provider as its customers see it: what is in a sandbox, for one. */
  async customer(): Promise<Daytona> {
    const path = join(this.product.dataDir, "secrets.json");
    const { sandboxApiKey: apiKey } = JSON.parse(
      await readFile(path, "utf8"),
    ) as { sandboxApiKey: string };
    const apiUrl = `${this.provider}/api`;
    return new Daytona({ apiUrl, apiKey, target: "local" });
  }

  /** The label of everything that this deployment makes. */
  async deploymentId(): Promise<string> {
    const { checks } = await this.product.health();
    return checks.backend?.deploymentId as string;
  }

  /** One run of the sweeper, beside those of its cron. Throws if it fails. */
  async sweep(): Promise<Sweep> {
    await this.backend.action(SWEEP, {});
    const { checks } = await this.product.health();
    return checks.backend?.sweep as Sweep;
  }

  /** Looks for what is missing of the answer under way, without waiting until it has been quiet. */
  async pull(sessionId: string): Promise<void> {
    const turnId = runningTurn(this.product, sessionId);
    await this.backend.action(PULL, { turnIds: [turnId] });
  }

  /** One run of the cron that looks at what runs, beside its own. */
  async probe(): Promise<void> {
    await this.backend.mutation(PROBE, {});
  }

  private async ask<T>(method: string, path: string, body?: object) {
    const response = await fetch(this.provider + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as T;
  }
}

type AdminClient = { setAdminAuth(key: string): void };
