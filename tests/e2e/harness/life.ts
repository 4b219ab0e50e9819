import { ERRORS } from "../../../convex/model/errors";
import type { Launch, Sandbox } from "./client";
import type { Case, Stage } from "./fault-matrix";
import { Operator, type Fault, type Made } from "./operator";
import { Owner } from "./owner";
import { Product } from "./product";
import { repository, skillMd } from "./skills";
import { until } from "./until";

/** One fault costs a call of 20 s, or a lease of 60 s and the cron that sees it: a launch ends well before this. */
const ENDS_WITHIN = 180_000;
const NOTE = "kept";
/** A delete that was taken is still on its way. */
const SETTLES_WITHIN = 5_000;
/** Each is installed once in a life, which is shorter than that. */
const SKILLS = Array.from({ length: 8 }, (_, n) => `s${n}`);

export type Result = { outcome: string; ms: number };

/** The product, in which one life follows another. */
export class Scene {
  private constructor(
    readonly product: Product,
    readonly operator: Operator,
  ) {}

  static async open(env: Record<string, string> = {}): Promise<Scene> {
    const product = await Product.start(env);
    const files = SKILLS.map((name): [string, string] => [
      `skills/${name}/SKILL.md`,
      skillMd(name, "Hold on."),
    ]);
    const { skillsDir } = product;
    await repository(skillsDir, "storm", "skills", Object.fromEntries(files));
    return new Scene(product, await Operator.of(product));
  }

  /** One case in a life of its own. */
  async play(what: Case): Promise<Result> {
    const life = await Life.begin(this.product, this.operator);
    const result = await life.suffer(what);
    await life.end();
    return result;
  }

  async close(): Promise<void> {
    await this.product.stop();
  }
}

/** What one new person does with a sandbox while faults befall the provider. */
export class Life {
  private used = 0;
  private sessionId = "";

  private constructor(
    private readonly operator: Operator,
    private readonly owner: Owner,
  ) {}

  static async begin(product: Product, operator: Operator): Promise<Life> {
    return new Life(operator, await Owner.of(product, operator));
  }

  /**
   * Brings the sandbox to where the stage begins, lets the faults befall it, and
   * requires: it ends well, or with a reason and a next step; the faults befell
   * requests; once they are over one sweep leaves the provider and the records
   * equal; and the next step works.
   */
  async suffer({ stage, faults, least }: Case): Promise<Result> {
    const about = await this.about({ stage, faults });
    await this.operator.arm(about);
    const since = performance.now();
    const outcome = await this.act(stage);
    const ms = performance.now() - since;
    await this.befallen(about, least);
    await this.operator.arm([]);
    const { orphansHealed } = await this.operator.sweep();
    await this.agree();
    if (orphansHealed > 0) throw new Error(`${orphansHealed} orphans.`);
    await this.launchAgain();
    if (stage === "replace") await this.isKept();
    return { outcome, ms };
  }

  /** Brings it to where the stage begins; answers the faults, about this sandbox. */
  async about({ stage, faults }: Omit<Case, "least">): Promise<Fault[]> {
    await this.prepare(stage);
    const id = (await this.owner.find())?.sandboxId;
    return faults.map((fault) => ({
      ...fault,
      ...(id && { route: fault.route.replace("{id}", id) }),
    }));
  }

  /** Ends it, with nothing left at the provider. */
  async end(): Promise<void> {
    await this.operator.arm([]);
    await this.prepare("create");
    await this.agree();
  }

  private async prepare(stage: Stage): Promise<void> {
    const status = (await this.owner.find())?.state.status ?? "empty";
    const running = stage !== "create" && stage !== "wake";
    if (stage === "create" && status !== "empty") await this.owner.delete();
    if (running && status !== "running") await this.launchAgain();
    if (stage === "replace") await this.owner.write(NOTE);
    if (stage === "wake") {
      const there = status === "running" || status === "stopped";
      if (!there) await this.launchAgain();
      if (status !== "stopped") await this.owner.stop();
    }
  }

  private async isKept(): Promise<void> {
    const note = await this.owner.read();
    if (note !== NOTE) throw new Error(`The files are not kept: ${note}`);
  }

  /** Does what the stage is about, and answers what came of it. */
  async act(stage: Stage, within = ENDS_WITHIN): Promise<string> {
    switch (stage) {
      case "create":
      case "wake":
        return explained(
          await this.owner.client.ended(
            (await this.owner.client.launch(this.skill())).launchId,
            within,
          ),
        );
      case "turn":
        return await this.talk();
      case "stop":
        await this.owner.stop();
        return "stopped";
      case "replace":
        return await this.replace();
      case "delete":
        await this.owner.delete();
        return "deleted";
      case "sweep":
        return await this.operator.sweep().then(
          () => "swept",
          () => "not swept",
        );
    }
  }

  /** What people are told to do next brings them where they wanted to be. */
  async launchAgain(): Promise<void> {
    // A replacement that halted waits for its owner to go on with it.
    const { state } = (await this.owner.find()) ?? {};
    if (state?.status === "replacing") {
      await this.owner.ask("replace/resume");
      await this.owner.reaches("running");
    }
    const { sessionId } = await this.owner.client.launchReady(this.skill());
    this.sessionId = sessionId;
  }

  private async talk(): Promise<string> {
    const { client } = this.owner;
    const answer = await client.chat(this.sessionId, "Are you there?");
    const { state, parts } = answer;
    if (state === "done") return state;
    const error = parts.find(({ kind }) => kind === "error")?.error;
    return explained({ state, ...(error && { error }) });
  }

  /** To its end, or to where it halts with a reason; the files are there in the end. */
  private async replace(): Promise<string> {
    const { generation } = await this.owner.sandbox();
    await this.owner.ask("replace");
    const { state } = await this.owner.becomes(
      "replaced, or halted",
      ({ state, generation: now }) =>
        (state.status === "running" && now === generation + 1) ||
        state.error !== undefined,
    );
    if (state.status === "running") return "replaced";
    return explained({ ...state, state: "failed" });
  }

  private skill(): string {
    const name = SKILLS[this.used++];
    if (!name) throw new Error("A life has no more skills.");
    return `storm/skills/${name}`;
  }

  private async befallen(faults: Fault[], least: number): Promise<void> {
    const left = await this.operator.armed();
    if (faults.length - left.length >= least) return;
    throw new Error(
      `${left.length} of ${faults.length} faults befell no request: ${JSON.stringify(left)}`,
    );
  }

  private async agree(): Promise<void> {
    let seen = "";
    await until(
      "agreement of provider and records",
      async () => {
        const records = await this.owner.client.sandboxes();
        const known = records.flatMap(recorded);
        // Of this person: another life's failure is its own.
        const made = (await this.operator.sandboxes()).filter(({ name }) =>
          records.some(({ slotId }) => name.includes(slotId)),
        );
        seen = `${JSON.stringify(made.map(told))}, ${JSON.stringify(known)}`;
        return (
          made.length === known.length &&
          known.every(({ id, state }) =>
            made.some(
              (one) => one.id === id && one.state === (state ?? one.state),
            ),
          )
        );
      },
      { withinMs: SETTLES_WITHIN },
    ).catch((error: unknown) => {
      throw new Error(`After one sweep, provider and records: ${seen}`, {
        cause: error,
      });
    });
  }
}

const told = ({ id, state }: Made) => ({ id, state });

const AS: Record<string, string> = { running: "started", stopped: "stopped" };

/** A sandbox of the records as the provider should have it; a halted replacement's may run or not. */
function recorded({ sandboxId: id, state: { status } }: Sandbox) {
  const state = status === "replacing" ? undefined : (AS[status] ?? status);
  return id ? [{ id, state }] : [];
}

/** Ready, or failed with a reason we know and something to do about it. */
function explained({ state, error }: Pick<Launch, "state" | "error">): string {
  if (state === "ready") return state;
  if (state !== "failed") throw new Error(`It ended ${state}.`);
  if (!error || !(error.code in ERRORS) || !error.message || !error.next) {
    throw new Error(`It failed unexplained: ${JSON.stringify(error)}`);
  }
  return error.code;
}
