import type { Agent } from "./agent";
import { brief } from "./brief";
import { Refusal } from "./errors";
import type { Layout } from "./layout";
import { log } from "./log";
import { Places } from "./places";
import { pushTurn, type PushTarget } from "./push";
import type { SkillStore } from "./skills";
import { Turn } from "./turn";
import { workspace } from "./workspaces";

/**
 * A turn that has ended is answered for this long, then forgotten: as long as
 * anybody may still ask for it (TURN_LIMIT of the functions).
 */
const KEPT_MS = 35 * 60_000;
/** Ended turns beyond these are forgotten earlier, oldest first. */
const MAX_KEPT = 200;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** Agent runs at once; more wait. Each is two threads and a model call. */
const MAX_RUNNING = 8;

export type TurnRequest = {
  turnId: string;
  sessionId: string;
  text: string;
  skill: { name: string; path: string; key: string };
  push: PushTarget | null;
};

/** The turns of this boot. A restart forgets them, and says unknown_turn. */
export class Turns {
  #turns = new Map<string, Turn>();
  #starting = new Map<string, Promise<Turn>>();
  #closed = new AbortController();
  #places = new Places(MAX_RUNNING);
  #held = false;

  constructor(
    readonly layout: Layout,
    readonly agent: Agent,
    readonly skills: SkillStore,
  ) {}

  /** Starts a turn, or answers the one of that id. Throws `Refusal`. */
  async start(request: TurnRequest): Promise<Turn> {
    const known = this.#turns.get(request.turnId);
    if (known) {
      // Taken back and handed over again: only the new token is good.
      if (known.push && request.push) Object.assign(known.push, request.push);
      return known;
    }
    if (this.#held) throw busy("The sandbox's files are being copied.");
    const starting = this.#starting.get(request.turnId) ?? this.#begin(request);
    this.#starting.set(request.turnId, starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(request.turnId);
    }
  }

  /**
   * From now until the answered function is called no turn starts. Throws
   * `Refusal`, busy: one runs, or they are held already.
   */
  hold(): () => void {
    const running = [...this.#turns.values()].some(
      (turn) => turn.state === "running",
    );
    if (running || this.#starting.size > 0) throw busy("A turn is running.");
    if (this.#held) throw busy("The sandbox's files are being copied.");
    this.#held = true;
    return () => (this.#held = false);
  }

  get(turnId: string): Turn {
    const turn = this.#turns.get(turnId);
    if (turn) return turn;
    throw new Refusal(404, "unknown_turn", "No such turn since this boot.");
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#turns.values()].map((turn) => turn.stop()));
  }

  async #begin({ push, ...request }: TurnRequest): Promise<Turn> {
    const { turnId, sessionId, text, skill } = request;
    const installed = await this.skills.at(skill.path);
    if (!installed || installed.key !== skill.key) {
      throw new Refusal(
        409,
        "skill_not_installed",
        "That skill is not installed at that path. Install it again.",
      );
    }
    const folder = await workspace(this.layout, sessionId);
    for (const turn of this.#turns.values()) {
      if (turn.state === "running" && turn.input.sessionId === sessionId) {
        throw new Refusal(
          409,
          "session_busy",
          "A turn of this session is still running.",
          { turnId: turn.input.turnId },
        );
      }
    }
    // From here to the map nothing waits: two cannot pass the check above.
    const { digest } = installed;
    const system = brief({ ...skill, digest }, folder);
    const input = { turnId, sessionId, text, system };
    const turn = new Turn(input, this.agent, this.#places);
    turn.push = push && { ...push };
    this.#turns.set(turnId, turn);
    log(`turn ${turnId} started`);
    void this.#follow(turn);
    return turn;
  }

  /** Never rejects: nobody waits for it. */
  async #follow(turn: Turn): Promise<void> {
    const { push } = turn;
    const { turnId } = turn.input;
    const giveUp = new AbortController();
    const signal = AbortSignal.any([giveUp.signal, this.#closed.signal]);
    const pushed = push
      ? pushTurn(turnId, turn.log, push, signal)
      : Promise.resolve(false);
    const forget = () => {
      giveUp.abort();
      this.#turns.delete(turnId);
    };
    try {
      await turn.done;
      log(`turn ${turnId} ended, ${turn.log.next} events`);
      setTimeout(forget, KEPT_MS).unref();
      this.#forgetOldest();
      if (await pushed) log(`turn ${turnId} pushed`);
    } catch (error) {
      log(`turn ${turnId}: pushing ended`, error);
    }
  }

  #forgetOldest(): void {
    const ended = [...this.#turns]
      .filter(([, turn]) => turn.log.ended)
      .sort(([, a], [, b]) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    let bytes = ended.reduce((sum, [, turn]) => sum + turn.log.bytes, 0);
    let count = ended.length;
    for (const [turnId, turn] of ended) {
      if (count <= MAX_KEPT && bytes <= MAX_KEPT_BYTES) return;
      this.#turns.delete(turnId); // a push that still runs goes on
      bytes -= turn.log.bytes;
      count -= 1;
    }
  }
}

function busy(message: string): Refusal {
  return new Refusal(409, "busy", message);
}
