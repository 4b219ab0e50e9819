import type { GenericMutationCtx } from "convex/server";
import type { Value } from "convex/values";
import type { DataModel, Id } from "../../convex/_generated/dataModel";
import {
  CrashedAtStart,
  createBackend,
  type Backend,
  type BackendOptions,
  type Step,
} from "../../emulators/backend";
import { EngineError } from "../../emulators/backend/errors";
import { FunctionError } from "../../emulators/backend/functions/failure";
import { disk, enter, files } from "./stand-ins";
import type { WorkerCall } from "./fences";
import { isThere, modules } from "./functions";
import { watchWorkers } from "./workers";
import type { PushAnswer } from "./agent";
import type { Dice } from "./random";
import { digestOf, type Box, type World } from "./world";

/**
 * The product's functions on a virtual clock in a world of their own, on a
 * server that can go down at any step and comes up again on the same file.
 */

export const SKILLS = 5;
/** How many sandboxes there may be, and of one user: so few that the queue is met. */
export const PLACES = { all: 8, own: 4 };
export const SHA = "a".repeat(40);
export const keyOf = (skill: number) => `sim/o/r/s${skill}`;

/** The server went down before it answered: what was asked may have happened. */
export class ServerDown extends Error {}
/** Too many wrote the same at once: nothing happened, and it may be asked again. */
export class ServerBusy extends Error {}

let runs = 0;

type Mode = Pick<
  BackendOptions,
  "concurrency" | "interleave" | "deploymentClass"
>;

export type Doom = Pick<Step, "at" | "path">;

export class Stage {
  private backend!: Backend;
  private down = false;
  /** Whether somebody listens: not while it starts. */
  private serves = false;
  /** Steps until the server goes down; counted only while set. */
  private fuse: number | null = null;
  /** Where it goes down as soon as it comes there. */
  private doom: Doom | null = null;
  /** Each place it went down, in order. */
  readonly crashed: string[] = [];
  readonly crashes = new Map<string, number>();
  private readonly versions = new Map<string, number>();
  readonly clock;

  /** The functions keep clients and handles by account: each run has one of its own. */
  private readonly number = (runs += 1);

  private constructor(
    readonly world: World,
    private readonly mode: Mode,
    private readonly env: Record<string, string>,
  ) {
    this.clock = world.clock;
  }

  static async open(
    world: World,
    mode: Mode = {},
    env: Record<string, string> = {},
  ): Promise<Stage> {
    enter(world);
    disk.empty();
    files.removeAll();
    world.ownerOf = ownerOf;
    world.slotOf = (turnId) => disk.find("turns", turnId)?.slotId;
    const stage = new Stage(world, mode, { ...env });
    world.onFall = () => stage.crashIn(1);
    world.pushed = (token, body) => stage.push(token, body);
    await stage.up();
    await stage.seed();
    return stage;
  }

  close(): Promise<void> {
    return this.backend.close();
  }

  /** Lets time pass; a server that goes down meanwhile comes up again. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    for (;;) {
      await this.clock.runUntil(end, () => this.down);
      if (!this.down) return;
      await this.comeUp();
    }
  }

  /** The operator sets variables: the server goes down, and comes up with them. */
  operate(env: Record<string, string>): void {
    Object.assign(this.env, env);
    this.crashIn(1);
  }

  /** The server goes down at the n-th step from now. */
  crashIn(steps: number): void {
    this.fuse = steps;
  }

  /** The server goes down when it next comes there. */
  crashAt(doom: Doom): void {
    this.doom = doom;
  }

  has(path: string): boolean {
    return isThere(path);
  }

  /** As a client: throws ConvexError for a refusal, ServerDown if nobody answers. */
  async call(
    path: string,
    args: Record<string, Value>,
    user: string,
  ): Promise<unknown> {
    const identity = {
      subject: user,
      issuer: "sim",
      tokenIdentifier: `sim|${user}`,
    };
    try {
      return await this.unlessDown(this.backend.run(path, args, { identity }));
    } catch (error) {
      const busy =
        error instanceof FunctionError &&
        error.cause instanceof EngineError &&
        error.cause.code === "conflict";
      throw busy ? new ServerBusy() : error;
    }
  }

  private unlessDown<T>(answer: Promise<T>): Promise<T> {
    const down = this.backend.crashed.then(() => {
      throw new ServerDown();
    });
    down.catch(ignoreDown);
    return Promise.race([answer, down]);
  }

  /** A sandbox posts a batch of a turn's events; null if nobody answers. */
  private async push(token: string, body: object): Promise<PushAnswer> {
    if (!this.serves) return null;
    const args = { token, text: JSON.stringify(body) };
    try {
      const run = this.backend.run("simulation:push", args);
      return (await this.unlessDown(run)) as PushAnswer;
    } catch (error) {
      if (error instanceof ServerDown) return null;
      this.world.failures.push(error);
      return { status: 500, next: null };
    }
  }

  transaction<T>(
    work: (ctx: GenericMutationCtx<DataModel>) => Promise<T>,
  ): Promise<T> {
    return this.backend.transaction((ctx) =>
      work(ctx as unknown as GenericMutationCtx<DataModel>),
    );
  }

  /** Brings a server that went down back, at once; it may go down again as it starts. */
  async comeUp(): Promise<void> {
    await this.backend.crashed;
    while (this.down) {
      this.world.attempts.crashed();
      this.clock.release();
      this.down = false;
      await this.up().catch(downAtStart);
    }
  }

  /** Changes with every commit. */
  get ts(): number {
    return this.backend.stats().ts;
  }

  /** Where clients connect to. */
  get url(): string {
    return this.backend.url;
  }

  /** How often queries were run for those who watch them. */
  get queryRuns(): number {
    return this.backend.stats().queryRuns;
  }

  /** Changes with whatever a user's page shows of the lifecycle. */
  versionOf(user: string): number {
    return this.versions.get(user) ?? 0;
  }

  /** Told by whoever watches commits. */
  changed(userId: string): void {
    const name = disk.find("users", userId as Id<"users">)?.name ?? "";
    this.versions.set(name, (this.versions.get(name) ?? 0) + 1);
  }

  /** Ends what misfortunes are still to come. */
  calm(): void {
    this.fuse = null;
    this.doom = null;
  }

  /** A sandbox with our label that no record knows. */
  stranger(): Box | null {
    const [deployment] = disk.all("deployment");
    if (!deployment) return null;
    const labels = { "slipway-deployment": deployment.deploymentId };
    return this.world.make("stranger", labels, "started", true);
  }

  /**
   * A worker's report arrives a second time, or with a part of its fence that is
   * not its own: whoever wrote it believes to be the one at work.
   */
  echo(dice: Dice): string {
    const { heard } = this.world;
    if (heard.length === 0) return "no report to repeat";
    const held = heard.filter(({ call }) => holderOf(call));
    const mixed = held.length > 0 && dice.chance(0.6);
    const { call, args } = dice.pick(mixed ? held : heard);
    const known = JSON.parse(args) as { name: string; args: Value };
    const fence = known.args as Record<string, Value>;
    const holder = holderOf(call);
    // A fence of the token alone would be the holder's own with that token.
    const parts =
      call.generation === undefined
        ? (["token"] as const)
        : (["generation", "token"] as const);
    const part = mixed ? dice.pick(parts) : null;
    if (holder && part === "generation") {
      // The one at work now, as if it worked on what was there before.
      fence["token"] = holder.token;
      fence["generation"] = holder.generation - 1;
    }
    if (holder && part === "token") {
      const others = heard.filter(
        ({ call: other }) => other.token !== holder.token,
      );
      fence["token"] =
        others.length > 0 ? (dice.pick(others).call.token ?? "") : "";
      if (call.generation !== undefined) {
        fence["generation"] = holder.generation;
      }
    }
    void this.backend
      .run("simulation:echo", { path: known.name, args: fence })
      .catch(refused);
    const how = part ? `with another's ${part}` : "again";
    return `a report arrives ${how}: ${call.name}`;
  }

  private async up(): Promise<void> {
    this.backend = await createBackend({
      functions: modules,
      config: `${import.meta.dir}/../../convex/convex.config.ts`,
      data: ":memory:",
      clock: this.clock,
      seed: String(this.world.seed),
      env: {
        ...ENV,
        DAYTONA_API_KEY: `simulated-${this.number}`,
        ...this.env,
      },
      log: () => {}, // workers die by design; the story tells what matters
      onStep: (step) => this.step(step),
      ...this.mode,
    });
    watchWorkers(this.world);
    this.serves = !this.down;
  }

  private step(step: Step): "crash" | undefined {
    const { doom } = this;
    const doomed = doom?.path === step.path && doom.at === step.at;
    if (doomed) this.doom = null;
    if (this.fuse !== null) this.fuse -= 1;
    if (this.fuse !== 0 && !doomed) return undefined;
    this.fuse = null;
    this.down = true;
    this.serves = false;
    const where = `${step.at}|${step.kind}|${step.path || "its own"}`;
    this.crashed.push(where);
    this.crashes.set(where, (this.crashes.get(where) ?? 0) + 1);
    return "crash";
  }

  private async seed(): Promise<void> {
    for (let i = 0; i < SKILLS; i++) {
      const content = `skill ${i}`;
      const storageId = (await this.backend.run("simulation:store", {
        content,
      })) as Id<"_storage">;
      await this.transaction(async (ctx) => {
        await ctx.db.insert("skills", {
          key: keyOf(i),
          host: "sim",
          owner: "o",
          repo: "r",
          path: `s${i}`,
          sha: SHA,
          name: `s${i}`,
          description: "A skill.",
          body: "",
          files: [],
          totalBytes: content.length,
          digest: digestOf(content),
          findings: [],
          link: `/o/r/s${i}`,
          storageId,
        });
      });
    }
  }
}

/** Whoever brings it up sees that it is down again. */
function downAtStart(error: unknown): void {
  if (!(error instanceof CrashedAtStart)) throw error;
}

/** The race below hears of it; the promise itself has no other reader. */
function ignoreDown(error: unknown): void {
  if (!(error instanceof ServerDown)) throw error;
}

const ENV = {
  SLIPWAY_MODE: "embedded",
  DAYTONA_API_URL: "http://sim.test/api",
  SLIPWAY_SEAL_KEYS: "simulated",
  SLIPWAY_GIT_HOSTS: "[]",
  // Never asked: what the agent says is made up by the agent.
  SLIPWAY_MODEL_PROVIDERS: JSON.stringify([
    {
      id: "demo",
      label: "Demo",
      baseUrl: "http://127.0.0.1:9/v1",
      keyless: true,
      defaultModel: "demo",
    },
  ]),
  SLIPWAY_MAX_SANDBOXES: String(PLACES.all),
  SLIPWAY_MAX_SANDBOXES_PER_USER: String(PLACES.own),
};

/** Who is at work on what a call reports on. */
function holderOf({
  name,
  slotId,
}: WorkerCall): { token: string; generation: number } | undefined {
  const of = (row: { slotId: string }) => row.slotId === slotId;
  if (name.startsWith("lifecycle/driver")) return disk.all("leases").find(of);
  if (name.startsWith("lifecycle/installs")) {
    return disk.all("installs").find(of);
  }
  const boot = disk.all("boots").find(of);
  if (!name.startsWith("lifecycle/config") || !boot) return undefined;
  const { config, generation } = boot;
  return config.status === "writing"
    ? { token: config.token, generation }
    : undefined;
}

/** What was sent again may be refused in any way. */
function refused(): void {}

/** Users' names by slot, from the records. */
function ownerOf(slotId: string): string {
  const slot = disk.find("slots", slotId);
  const user = slot && disk.find("users", slot.userId);
  return user ? `${user.name}'s ${slot.name}` : "nobody";
}
