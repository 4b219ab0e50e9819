import { AGENT, PUSH, type Fate } from "./fate";
import type { Dice } from "./random";
import type { Box, World } from "./world";

/**
 * The agent in a sandbox at work on one turn: it says something now and then,
 * comes to an end, and what it says is posted to the product in batches. All of
 * it takes place by the clock alone, as nobody's call.
 */

type Reason = "complete" | "stopped" | "failed";

type Said = { n: number; at: number } & (
  | { kind: "text" | "reasoning"; delta: string }
  | { kind: "tool"; callId: string; name: string; status: "running" | "done" }
  | { kind: "error"; code: string; message: string }
  | { kind: "end"; reason: Reason }
);

/** Each kind of event without its number and time. */
type Saying = Said extends infer S
  ? S extends Said
    ? Omit<S, "n" | "at">
    : never
  : never;

export type TurnRequest = {
  turnId: string;
  sessionId: string;
  skill: { key: string };
  push: { token: string };
};

/** What the product answered to a push; null: nobody did. */
export type PushAnswer = { status: number; next: number | null } | null;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Between two things that it says: mostly moments, seldom minutes. */
const GAPS = [
  ...[200, 200, 200, 1_000, 1_000, 1_000, 3_000, 3_000, 8_000, 8_000],
  ...[25_000, 25_000, 70_000],
];
/** Where it works for longer than it may. */
const LONG_GAP = 5 * MINUTE;
const LONG_SAID = 12;

/** A turn that waits for an agent that is still starting fails after this. */
const AGENT_WAIT = 100 * SECOND;
/** What has ended is answered for this long, then forgotten. */
const KEPT = 10 * MINUTE;
/** A push that nobody answers is given up after this. */
const PUSH_TIMEOUT = 15 * SECOND;
const BATCH = 200;
const MAX_BACKOFF = 15 * SECOND;

export class Run {
  readonly events: Said[] = [];
  readonly beganAt: number;
  /** How it ended, if it has. */
  ended: Reason | "broken off" | null = null;
  private readonly fault: ReturnType<Fate["draw"]>["kind"];
  private readonly deaf: boolean;
  private readonly dice: Dice;
  private readonly owner: string;
  private readonly number: number;
  private stopping = false;
  /** Nobody can know of it, or it does not do as it is told: it ends by itself. */
  untold: boolean;
  /** Its turn had ended before it began. */
  late = false;
  private wake: () => void = () => {};

  constructor(
    private readonly world: World,
    readonly box: Box,
    private readonly request: TurnRequest,
  ) {
    this.beganAt = world.clock.now();
    this.owner = world.ownerOf(box.labels["slipway-slot"] ?? "");
    const { fate } = world;
    const misfortune = fate.weather.remote / 4;
    const words = (fault: string) =>
      `the agent of ${this.owner} ${fault} in a turn`;
    const about = `agent of ${this.owner}`;
    const { kind, dice } = fate.draw(about, AGENT, misfortune, words);
    this.fault = kind;
    this.dice = dice;
    this.deaf =
      fate.draw(
        `way out of ${this.owner}`,
        ["blocked"],
        fate.weather.remote,
        () => `nothing that ${this.owner} posts arrives for a turn`,
      ).kind === "blocked";
    this.untold = this.deaf; // what it says does not arrive, so nobody knows of it
    this.number = [...world.runs.values()].flat().length + 1;
    world.clock.after(0, () => this.begin());
  }

  get turnId(): string {
    return this.request.turnId;
  }

  get sessionId(): string {
    return this.request.sessionId;
  }

  /** The daemon of its boot still knows it. */
  get known(): boolean {
    const { box } = this;
    return box.state === "started" && box.turns.get(this.turnId) === this;
  }

  get works(): boolean {
    return this.known && this.ended === null;
  }

  /** What its first events say, in one piece. */
  text(events = this.events.length): string {
    let text = "";
    for (const said of this.events.slice(0, events)) {
      if (said.kind === "text" || said.kind === "reasoning") text += said.delta;
    }
    return text;
  }

  /** It is handed over once more: its next post has that token. */
  redirect({ push }: TurnRequest): void {
    this.request.push = push;
  }

  stop(): void {
    if (this.stopping || this.ended) return;
    this.stopping = true;
    if (this.fault === "goes on for too long") {
      this.untold = true; // it was made to forget
      return;
    }
    this.after(this.dice.between(0, 5 * SECOND), () => this.end("stopped"));
  }

  private after(ms: number, work: () => void): void {
    this.world.clock.after(ms, () => {
      if (this.works) work();
    });
  }

  private begin(): void {
    void this.post();
    const { agent } = this.box;
    if (agent === "failed") this.fail("agent_lost");
    else if (agent === "starting") {
      this.after(AGENT_WAIT, () => this.fail("agent_lost"));
    } else if (this.fault === "goes on for too long") this.goOn(LONG_SAID);
    else this.goOn(this.dice.chance(0.1) ? 0 : this.dice.between(1, 5));
  }

  /** Says something `left` times, and what comes after that. */
  private goOn(left: number): void {
    const long = this.fault === "goes on for too long";
    const gap = long ? LONG_GAP : this.dice.pick(GAPS);
    this.after(gap, () => {
      if (this.box.agent === "failed") this.fail("agent_lost");
      else if (left > 0) {
        this.speak();
        this.goOn(left - 1);
      } else if (this.fault === "none") this.end("complete");
      else if (this.fault === "fails") this.fail("model_failed");
      else if (this.fault === "breaks off") this.over("broken off");
      // Or it is silent from here on. Of what said nothing at all, only who waits for it knows.
      else if (this.events.length === 0 && this.late) this.untold = true;
    });
  }

  private speak(): void {
    const n = this.events.length;
    const words = `${this.number}.${n} `; // nobody else says the same
    if (this.dice.chance(0.2)) this.say({ kind: "reasoning", delta: words });
    if (this.dice.chance(0.1)) {
      const tool = { kind: "tool", callId: `${n}`, name: "look" } as const;
      this.say({ ...tool, status: "running" });
      if (this.dice.chance(0.8)) this.say({ ...tool, status: "done" });
    }
    this.say({ kind: "text", delta: words });
  }

  private say(what: Saying): void {
    const at = this.world.clock.now();
    this.events.push({ n: this.events.length, at, ...what } as Said);
    this.wake();
  }

  private fail(code: string): void {
    this.say({ kind: "error", code, message: "It did not work." });
    this.end("failed");
  }

  private end(reason: Reason): void {
    this.say({ kind: "end", reason });
    this.over(reason);
  }

  private over(how: Reason | "broken off"): void {
    this.ended = how;
    this.wake();
    this.world.clock.after(KEPT, () => {
      if (this.known) this.box.turns.delete(this.turnId);
    });
  }

  /** Posts what is said until the end was taken, or it is told to stop. */
  private async post(): Promise<void> {
    if (this.deaf) return;
    let from = 0;
    let failures = 0;
    for (;;) {
      await this.more(from);
      if (!this.known) return;
      const answer = await this.batch(from);
      if (answer?.status === 410) return;
      const next = answer?.next ?? null;
      const moved = next !== null && next !== from;
      if (moved && (answer?.status === 200 || answer?.status === 409)) {
        from = next;
        failures = 0;
      } else failures += 1;
      if (this.ended && from >= this.events.length) return;
      const full = Math.min(MAX_BACKOFF, 500 * 2 ** (failures - 1));
      await this.world.wait(failures === 0 ? BATCH : full);
    }
  }

  /** Resolves once there is more than that to post. */
  private async more(from: number): Promise<void> {
    if (this.events.length > from) return;
    await new Promise<void>((resolve) => (this.wake = resolve));
  }

  private async batch(from: number): Promise<PushAnswer> {
    const { world, owner } = this;
    const body = {
      turnId: this.turnId,
      from,
      events: this.events.slice(from),
    };
    const { token } = this.request.push;
    const { kind, dice } = world.fate.draw(
      `push of ${owner}`,
      PUSH,
      world.fate.weather.remote,
      (fault) => `a push of ${owner} ${PUSH_WORDS[fault]}`,
    );
    const arrive = () => world.pushed(token, body);
    await world.wait(dice.between(1, 200));
    switch (kind) {
      case "lost":
        await world.wait(dice.between(1, PUSH_TIMEOUT));
        return null;
      case "late":
        world.later(dice.between(PUSH_TIMEOUT, 90 * SECOND), arrive);
        await world.wait(PUSH_TIMEOUT);
        return null;
      case "answer lost":
        await this.patiently(arrive());
        return null;
      case "twice":
        world.later(dice.between(1, 30 * SECOND), arrive);
        return this.patiently(arrive());
      case "none":
        return this.patiently(arrive());
    }
  }

  private patiently(answer: Promise<PushAnswer>): Promise<PushAnswer> {
    const late = this.world.wait(PUSH_TIMEOUT).then(() => null);
    return Promise.race([answer, late]);
  }
}

const PUSH_WORDS = {
  lost: "is lost",
  late: "arrives when nobody waits for its answer any more",
  "answer lost": "arrives, and its answer is lost",
  twice: "arrives twice",
} as const;
