import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eachLine } from "../../../scripts/start/run";
import { isolated } from "../../isolated";
import { until } from "./until";

const ROOT = resolve(import.meta.dir, "../../..");
/** Snapshot and build are made once for all data folders. */
const SNAPSHOTS =
  process.env.SLIPWAY_SNAPSHOTS_DIR ?? join(ROOT, ".slipway", "snapshots");
/** The first one builds; after that it is seconds. */
const READY_WITHIN_MS = 300_000;

type Holder = { pid: number; url: string; parts: Record<string, number> };

type AtProvider = {
  id: string;
  name: string;
  state: string;
  labels: Record<string, string>;
};

/** The whole product, started as a person starts it, in a data folder of its own. */
export class Product {
  private process: Bun.Subprocess<"ignore", "pipe", "pipe"> | null = null;
  private words: string[] = [];
  baseUrl = "";
  /** With it, `Operator` runs what the backend's crons run. */
  readonly adminKey = crypto.randomUUID();

  private constructor(
    readonly dataDir: string,
    readonly skillsDir: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Starts it and waits for "Slipway is ready". */
  static async start(env: Record<string, string> = {}): Promise<Product> {
    const dataDir = await folder("slipway-e2e-");
    const skillsDir = await folder("slipway-e2e-skills-");
    const product = new Product(dataDir, skillsDir, env);
    await product.resume();
    return product;
  }

  /** Starts it again on the same data folder. */
  async resume(): Promise<void> {
    this.words = [];
    const child = Bun.spawn(
      [process.execPath, "--no-env-file", join(ROOT, "scripts", "start.ts")],
      {
        cwd: ROOT,
        env: {
          ...isolated(process.env),
          PORT: "0",
          CONVEX_ADMIN_KEY: this.adminKey,
          ...this.env,
          SLIPWAY_DATA_DIR: this.dataDir,
          SLIPWAY_SKILLS_DIR: this.skillsDir,
          SLIPWAY_SNAPSHOTS_DIR: SNAPSHOTS,
        },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    this.process = child;
    const ready = Promise.withResolvers<string>();
    const take = (line: string) => {
      this.words.push(line);
      const url = /^Slipway is ready on (\S+)/.exec(line)?.[1];
      if (url) ready.resolve(url);
    };
    const ended = Promise.all([
      child.exited,
      eachLine(child.stdout, take),
      eachLine(child.stderr, take),
    ]);
    void ended.then(([code]) =>
      ready.reject(new Error(`start ended with ${code}:\n${this.said()}`)),
    );
    const timer = setTimeout(
      () => ready.reject(new Error(`start is not ready:\n${this.said()}`)),
      READY_WITHIN_MS,
    );
    try {
      this.baseUrl = await ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Everything it printed since it was started. */
  said(): string {
    return this.words.join("\n");
  }

  async holder(): Promise<Holder> {
    const text = await readFile(join(this.dataDir, "supervisor.json"), "utf8");
    return JSON.parse(text) as Holder;
  }

  /** kill -9 of one part: backend, sandbox, skillhost, model, identity, relay or web. */
  async kill(part: string): Promise<void> {
    const { parts } = await this.holder();
    const pid = parts[part];
    if (!pid) throw new Error(`${part} is not running.`);
    process.kill(pid, "SIGKILL");
  }

  /** kill -9 of the supervisor and of every part at once. */
  async killEverything(): Promise<void> {
    const { pid, parts } = await this.holder();
    for (const one of [pid, ...Object.values(parts)]) {
      try {
        process.kill(one, "SIGKILL");
      } catch (error) {
        // Without the supervisor a part ends by itself, and may have been quicker.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
    await this.process?.exited;
  }

  /** kill -9 of the supervisor alone. */
  async killSupervisor(): Promise<void> {
    this.process?.kill("SIGKILL");
    await this.process?.exited;
  }

  /** As Ctrl-C does. Answers how long it took, in ms. */
  async interrupt(): Promise<number> {
    const since = performance.now();
    this.process?.kill("SIGINT");
    await this.process?.exited;
    return performance.now() - since;
  }

  /** Ends it and removes its folders. */
  async stop(): Promise<void> {
    if (this.process && this.process.exitCode === null) await this.interrupt();
    await rm(this.dataDir, { recursive: true, force: true });
    await rm(this.skillsDir, { recursive: true, force: true });
  }

  async health(): Promise<{
    ok: boolean;
    endpoints: { backend: string; sandbox: string };
    checks: Record<string, { ok: boolean; [detail: string]: unknown }>;
  }> {
    const response = await fetch(`${this.baseUrl}/api/health`);
    return (await response.json()) as Awaited<ReturnType<Product["health"]>>;
  }

  /** What the provider itself says it has. */
  async providerSandboxes(): Promise<AtProvider[]> {
    const { endpoints } = await this.health();
    const response = await fetch(`${endpoints.sandbox}/__sandboxes`);
    return (await response.json()) as AtProvider[];
  }

  async faults(faults: object[]): Promise<void> {
    const { endpoints } = await this.health();
    const response = await fetch(`${endpoints.sandbox}/__faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(faults),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Faults that have not befallen a request yet. */
  async faultsLeft(): Promise<object[]> {
    const { endpoints } = await this.health();
    const response = await fetch(`${endpoints.sandbox}/__faults`);
    return (await response.json()) as object[];
  }

  async token(user: string): Promise<string> {
    return await until(`a token for ${user}`, async () => {
      const response = await fetch(`${this.baseUrl}/api/local/token`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user }),
      });
      if (!response.ok) return null;
      return ((await response.json()) as { token: string }).token;
    });
  }
}

/** Sandboxes run as other users, and pass through this folder. */
async function folder(prefix: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  await chmod(dir, 0o711);
  return dir;
}
