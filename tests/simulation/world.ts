import { createHash } from "node:crypto";
import { currentContext } from "../../emulators/backend/functions/context";
import type { PushAnswer, Run } from "./agent";
import { Attempts, type LongJob } from "./attempts";
import type { WorkerCall } from "./fences";
import { SimClock } from "./clock";
import { Fate, FAULT_WORDS, REMOTE, type Fault, type Route } from "./fate";
import type { Dice } from "./random";

/**
 * The modelled outside: a provider that is slow, lags, lies and forgets to
 * answer, and in each of its sandboxes a daemon.
 */

export type BoxState =
  | "creating"
  | "starting"
  | "started"
  | "stopping"
  | "stopped"
  | "error"
  | "destroying"
  | "destroyed";

export type Box = {
  id: string;
  name: string;
  labels: Record<string, string>;
  state: BoxState;
  previewToken: string;
  claim: { key: string } | null;
  config: { writeToken: number; hash: string; gatewayToken: string } | null;
  /** What the agent says of itself while it runs. */
  agent: "ready" | "starting" | "failed";
  /** skill key + digest on disk; survives a stop. */
  disk: Set<string>;
  /** Of each of those, the install that last put it there. */
  installs: Map<string, string>;
  /** What its daemon remembers of turns; lost with a boot. */
  turns: Map<string, Run>;
  /** The last traffic that the provider counts as activity, in ms. */
  activeAt: number;
  /** What its owner made; survives a stop, and a replacement. */
  files: string;
  /** When it was last started, in ms. */
  startedAt: number;
  /** Until then its disk has no room for anything, in ms. */
  fullUntil: number;
  /** Until then a copy has it that nobody waits for any more: no other begins, and no turn. */
  heldUntil: number;
  /** Carries the name of one of ours, and is somebody else's. */
  squats?: true;
  /** Carries our label, though none of us made it. */
  stranger?: { sightings: number; firstSeenAt: number };
};

/** What an adversary, or bad luck, does to every call of a kind while it lasts. */
export type Mood =
  | "none"
  | "unclaimed" // the daemon has lost its key, again and again
  | "stale" // the daemon claims to have seen the last write token there is
  | "dies" // a started sandbox stops before it can be claimed
  | "late-create" // the worker dies; its create lands over a minute later
  | "nine-minutes" // a create that takes as long as the slowest real one
  | "crawling" // every call takes most of the time it may
  | "quota" // creates are refused
  | "forbidden" // the provider refuses reads and uploads
  | "denies" // the daemon says that it has no skill
  | "denies-busily" // and has no time for messages either
  | "sign-in" // the proxy before the daemons turns everybody away
  | "coded-503" // a proxy answers a stranger in the daemon's manner
  | "404"; // the provider knows nothing and nobody

/** Nobody answered. */
export class NoAnswer extends Error {}
/** Somebody answered who is neither the provider nor the daemon. */
export class BadGateway extends Error {}

const PATIENCE = 20_000;
/** After this the server knows that a worker has died, and its job has failed. */
const NOTICED = 5_000;

export class World {
  readonly clock = new SimClock();
  readonly boxes = new Map<string, Box>();
  readonly fate: Fate;
  readonly attempts = new Attempts((died) => {
    this.clock.after(NOTICED, died);
  });
  /** How many calls of each route were made, whatever became of them. */
  readonly calls = new Map<string, number>();
  /** What must never be read by anybody but the server. */
  readonly secrets = new Set<string>();
  mood: Mood = "none";
  creates = 0;
  /** By how much a worker's clock is ahead of the server's, in ms. */
  skew = 0;
  /** Effects that are still to come, unasked. */
  outstanding = 0;
  /** Whose a slot is, so that misfortunes are drawn by a name that stays. */
  ownerOf: (slotId: string) => string = () => "somebody";
  slotOf: (turnId: string) => string | undefined = () => undefined;
  /** Of pushes, where the product failed: what it then said. */
  readonly failures: unknown[] = [];
  /** What workers reported lately, for those who repeat it. */
  readonly heard: { call: WorkerCall; args: string }[] = [];
  /** What agents said in each turn, by its id; more than one only if it was begun anew. */
  readonly runs = new Map<string, Run[]>();
  /** Posts a batch of events to the product, as a sandbox does. */
  pushed: (token: string, body: object) => Promise<PushAnswer> = async () =>
    null;
  /** The server goes down at its next step. */
  onFall: () => void = () => {};
  /** Told of what happens at the provider, at the moment it happens. */
  onMake: (box: Box) => void = () => {};
  onDestroy: (box: Box) => void = () => {};
  onConfig: (box: Box) => void = () => {};
  onStop: (box: Box) => void = () => {};
  onTurn: (run: Run) => void = () => {};
  onKeep: (box: Box) => void = () => {};
  onLongJob: (kind: LongJob) => void = () => {};
  onUninstall: (box: Box, skillKey: string, digest: string) => void = () => {};
  private serial = 0;

  constructor(
    readonly seed: number,
    spared?: ReadonlySet<string>,
  ) {
    this.fate = new Fate(seed, () => this.clock.now(), spared);
  }

  /** The same chance of misfortune at every remote call and, less, at every worker. */
  set weather(remote: number) {
    this.fate.weather = { remote, worker: remote / 4, net: 0 };
  }

  byName(name: string): Box | undefined {
    for (const box of this.boxes.values()) {
      if (box.name === name && box.state !== "destroyed") return box;
    }
    return undefined;
  }

  live(): Box[] {
    return [...this.boxes.values()].filter(
      (box) => box.state !== "destroyed" && box.state !== "destroying",
    );
  }

  make(
    name: string,
    labels: Record<string, string>,
    state: BoxState,
    isStranger = false,
  ): Box {
    this.creates += 1;
    this.serial += 1;
    const box: Box = {
      id: `box-${this.serial}`,
      name,
      labels,
      state,
      previewToken: this.secret("preview"),
      claim: null,
      config: null,
      agent: "ready",
      disk: new Set(),
      installs: new Map(),
      turns: new Map(),
      activeAt: this.clock.now(),
      files: "",
      startedAt: this.clock.now(),
      fullUntil: 0,
      heldUntil: 0,
      ...(isStranger && { stranger: { sightings: 0, firstSeenAt: 0 } }),
    };
    this.boxes.set(box.id, box);
    this.onMake(box);
    return box;
  }

  boot(box: Box, state: BoxState = "started"): void {
    box.state = state;
    box.activeAt = this.clock.now();
    box.startedAt = this.clock.now();
    this.reboot(box);
  }

  /** The daemon begins anew: its key is gone, and so is what it remembered. */
  reboot(box: Box): void {
    box.claim = null;
    box.turns.clear();
    box.agent = "ready";
    box.previewToken = this.secret("preview");
  }

  stop(box: Box, state: BoxState = "stopped"): void {
    box.state = state;
    box.claim = null;
    box.turns.clear();
  }

  destroy(box: Box, dice: Dice): void {
    this.onDestroy(box);
    box.state = "destroying";
    // Gone a little later, as the real thing.
    this.later(dice.between(0, 3_000), () => {
      box.state = "destroyed";
    });
  }

  /** Something that happens by itself after a while. */
  later(ms: number, effect: () => unknown): void {
    this.outstanding += 1;
    this.clock.after(ms, () => {
      this.outstanding -= 1;
      void effect();
    });
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }

  /** Waits until the box has left `states`, as the official client does, but not for ever. */
  async settle(box: Box, states: readonly BoxState[]): Promise<void> {
    const until = this.clock.now() + PATIENCE;
    while (states.includes(box.state)) {
      if (this.clock.now() >= until) throw new NoAnswer("still on its way");
      await this.wait(1_000);
    }
  }

  /**
   * One remote call: waits, and does `effect` unless fate is against it.
   * Whoever asked learns nothing from a call that was cut. What a fault of the
   * route's own means is up to `effect`.
   */
  async call<T>(
    route: Route,
    owner: string,
    effect: (fault: Fault, dice: Dice) => T | Promise<T>,
  ): Promise<T> {
    this.calls.set(route, (this.calls.get(route) ?? 0) + 1);
    const attempt = this.attempts.of(currentContext());
    if (attempt?.dead) return never();
    const { fault, dice, falls } = this.draw(route, owner);
    attempt?.called(route, fault);
    await this.wait(
      this.mood === "crawling"
        ? 19_000
        : fault === "slow"
          ? dice.between(2_000, 19_000)
          : dice.between(1, 400),
    );
    if (falls) this.onFall();
    switch (fault) {
      case "before":
        throw new NoAnswer(route);
      case "error":
        throw new BadGateway(route);
      case "after":
        await effect("none", dice);
        throw new NoAnswer(route);
      case "hang":
        await this.wait(PATIENCE);
        throw new NoAnswer(route);
      case "late":
        // It happens after everybody stopped waiting.
        this.later(dice.between(21_000, 90_000), () =>
          unheard(() => effect("none", dice)),
        );
        await this.wait(PATIENCE);
        throw new NoAnswer(route);
      case "die before":
      case "die after":
        if (fault === "die after") unheard(() => effect("none", dice));
        attempt?.die("died in a call");
        return never();
      default:
        return effect(fault, dice);
    }
  }

  /** Keeps a worker's call, if it carries a token that says who may make it. */
  hear(call: WorkerCall, args: string): void {
    if (call.token === undefined) return;
    this.heard.push({ call, args });
    if (this.heard.length > 60) this.heard.shift();
  }

  secret(kind: string): string {
    this.serial += 1;
    const secret = `${kind}-secret-${this.serial}-end`;
    this.secrets.add(secret);
    return secret;
  }

  private draw(
    route: Route,
    owner: string,
  ): { fault: Fault; dice: Dice; falls: boolean } {
    const chance = this.fate.at(route);
    const about = `${route} of ${owner}`;
    const words = (fault: Exclude<Fault, "none">) =>
      `a ${route} for ${owner} ${FAULT_WORDS[fault]}`;
    const worker = ["die before", "die after"] as const;
    const death = this.fate.draw(
      `worker in ${about}`,
      worker,
      currentContext() ? chance.worker : 0,
      words,
    );
    const drawn = this.fate.draw<Exclude<Fault, "none">>(
      about,
      REMOTE[route],
      chance.remote,
      words,
    );
    const fault = death.kind === "none" ? drawn.kind : death.kind;
    const { kind } = this.fate.draw(
      `server in ${about}`,
      ["goes down"] as const,
      currentContext() ? chance.server : 0,
      () => `the server goes down during a ${route} for ${owner}`,
    );
    return { fault, dice: drawn.dice, falls: kind !== "none" };
  }
}

/** A worker that died neither goes on nor fails. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** A refusal nobody hears: the caller has gone. Anything else is our bug. */
function unheard(effect: () => unknown): void {
  const refused = (error: unknown) => {
    const ours = !(error instanceof Error) || !("statusCode" in error);
    if (ours && !(error instanceof NoAnswer)) throw error;
  };
  try {
    const result = effect();
    if (result instanceof Promise) result.catch(refused);
  } catch (error) {
    refused(error);
  }
}

export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
