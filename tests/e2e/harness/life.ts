import { join } from "node:path";
import { ERRORS } from "../../../convex/model/errors";
import type { Launch, Sandbox } from "./client";
import { unknownOf, type Case, type Stage } from "./fault-matrix";
import { Operator, type Fault, type Made } from "./operator";
import { Owner } from "./owner";
import { Product } from "./product";
import { git, repository, skillMd } from "./skills";
import { until } from "./until";

/** One fault costs a call of 20 s, or a lease of 60 s and the cron that sees it: a launch ends well before this. */
const ENDS_WITHIN = 180_000;
/** A copy is waited for for five minutes, and then made again. */
const COPIED_WITHIN = 900_000;
const NOTE = "kept";
/** A delete that was taken is still on its way. */
const SETTLES_WITHIN = 5_000;
/** One of a repository that changes while lives go by. */
const CHANGING = "changing/skills/word";
/** Longer than a life is at this. */
const LONG_WORK = "run: sleep 120";
/** Each is installed once in a life, which is shorter than that. */
const SKILLS = Array.from({ length: 8 }, (_, n) => `s${n}`);

export type Result = { outcome: string; ms: number };

/** The product, in which one life follows another. */
export class Scene {
  /** Requests that are not in the matrix, each told once. */
  private readonly told = new Set<string>();

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
    await repository(skillsDir, "changing", "skills", {
      "skills/word/SKILL.md": skillMd("word", "The first."),
    });
    return new Scene(product, await Operator.of(product));
  }

  /** One case in a life of its own, in which the product asks for nothing that the matrix does not know. */
  async play(what: Case): Promise<Result> {
    const life = await Life.begin(this.product, this.operator);
    const result = await life.suffer(what);
    await life.end();
    await this.allKnown();
    return result;
  }

  private async allKnown(): Promise<void> {
    const asked = await this.operator.asked();
    const fresh = unknownOf(asked).filter((one) => !this.told.has(one));
    for (const one of fresh) this.told.add(one);
    if (asked.length > 0 && fresh.length === 0) return;
    throw new Error(
      `Of ${asked.length} requests not in the matrix: ${fresh.join(", ")}. Add each to ROUTES, or to LEFT_OUT with the reason.`,
    );
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
    private readonly product: Product,
    private readonly operator: Operator,
    private readonly owner: Owner,
  ) {}

  static async begin(product: Product, operator: Operator): Promise<Life> {
    return new Life(product, operator, await Owner.of(product, operator));
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
    if (stage === "retire") await this.outdate();
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
      case "work":
        return await this.work();
      case "retire":
        return await this.retire();
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

  /** While the agent is at work: asks for more time, looks for what it says, has it stop. */
  private async work(): Promise<string> {
    const { client } = this.owner;
    const { sessionId } = this;
    const said = await client.say(sessionId, LONG_WORK);
    await client.answer(sessionId, said, ["running"]);
    // A look that began before the agent did says nothing of it to the provider.
    await this.hears("POST", /\/last-activity$/, () => this.owner.ask("keep"));
    await this.operator.pull(sessionId);
    await client.ask("POST", `/sessions/${sessionId}/stop`);
    const { state } = await client.answer(sessionId, said, ["stopped"]);
    await this.hears("POST", /\/turns\/[^/]+\/stop$/);
    return state;
  }

  /** Two versions of one skill, the older of which one conversation alone is about. */
  private async outdate(): Promise<void> {
    const { client } = this.owner;
    const { sessionId } = await client.launchReady(CHANGING);
    const before = await this.newest();
    const dir = join(this.product.skillsDir, "changing", "skills");
    const words = skillMd("word", `Once more: ${crypto.randomUUID()}.`);
    await Bun.write(join(dir, "skills/word/SKILL.md"), words);
    git(dir, "commit", "-q", "-a", "-m", "Other words");
    await until("new commit", async () => (await this.newest()) !== before);
    await client.launchReady(CHANGING);
    this.sessionId = sessionId;
  }

  private async newest(): Promise<string> {
    const path = `/skills/resolve?link=${CHANGING}`;
    const { body } = await this.owner.client.ask<{ skill: { sha: string } }>(
      ...(["GET", path] as const),
    );
    return body.skill.sha;
  }

  /** Deletes the conversation; the version of its skill goes from the list, and from the disk. */
  private async retire(): Promise<string> {
    const { client } = this.owner;
    const { status } = await client.ask(
      ...(["DELETE", `/sessions/${this.sessionId}`] as const),
    );
    if (status !== 200) throw new Error(`The delete was answered ${status}.`);
    await this.hears("DELETE", /\/4500\/skills$/);
    const { skills } = await this.owner.sandbox();
    const left = skills.filter(({ name }) => name === "word").length;
    if (left !== 1) throw new Error(`${left} versions are listed.`);
    return "retired";
  }

  /** Waits until the provider was asked this about the present sandbox. */
  private async hears(
    method: string,
    end: RegExp,
    meanwhile = async () => {},
  ): Promise<void> {
    const id = await this.owner.id();
    await until(`${method} ${end.source}`, async () => {
      await meanwhile();
      return (await this.operator.asked()).some(
        (one) =>
          one.startsWith(`${method} /`) && one.includes(id) && end.test(one),
      );
    });
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
      COPIED_WITHIN,
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

const AS: Record<string, string> = {
  running: "started",
  stopped: "stopped",
  failed: "error",
};

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
