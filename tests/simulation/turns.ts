import type { Doc } from "../../convex/_generated/dataModel";
import { MAX_RUNNING, TURN_LIMIT } from "../../convex/model/chat/limits";
import { AUTO_STOP } from "../../convex/model/timing";
import type { Run } from "./agent";
import type { Disk, Written } from "./disk";
import type { WorkerCall } from "./fences";
import { hold } from "./hold";
import type { Box, World } from "./world";

/** What must hold of conversations after every commit, and in time. */

type Turn = Doc<"turns">;
type Row = Written["document"];

/** Crons run every 15 s; a server that goes down misses one. */
const CRON_SLACK = 40_000;

/** From the first try to the one that arrives, in ms, while the sandbox stays. */
const HANDING_OVER = 5 * 60_000;

/** A call that hands a turn over is on its way for no longer, in ms. */
const ON_ITS_WAY = 2 * 60_000;

/** Whoever receives a post may die as any worker does. */
const DEATH = "The worker died.";

const isUnderWay = ({ state }: Turn) =>
  state === "sending" || state === "running";

export class TurnWatch {
  /** Each as the commit before left it. */
  private readonly known = new Map<string, Turn>();
  private readonly active = new Map<string, Turn>();
  /** The turn that writes an answer, by its message. */
  private readonly writer = new Map<string, Turn>();
  private readonly parts = new Map<string, Map<string, Doc<"parts">>>();
  private readonly endedAt = new Map<string, number>();
  /** The answer to each message that was sent. Nobody says the same twice. */
  private readonly answers = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly disk: Disk,
  ) {}

  /** @param call the worker's whose commit it is */
  committed(written: Written[], call: WorkerCall | null): void {
    if (!written.some(({ document }) => CONCERNS.has(document.table))) return;
    if (call && this.isStale(call)) {
      hold(
        `I3 an old report took effect (${call.name})`,
        !written.some(({ document }) => this.isOf(document, call.turnId)),
      );
    }
    const answers = new Set<string>();
    for (const { document, removed } of written) {
      if (document.table === "parts") this.part(document, removed, answers);
    }
    const slots = new Set<string>();
    for (const { document, removed } of written) {
      if (document.table === "slots") slots.add(document.id);
      if (document.table === "messages" && !removed) answers.add(document.id);
      if (document.table !== "turns") continue;
      const turn = document.value as Turn;
      slots.add(turn.slotId);
      if (removed) this.forget(turn);
      else this.turn(turn);
      answers.add(turn.messageId);
    }
    for (const slotId of slots) this.slot(slotId);
    for (const messageId of answers) this.answer(messageId);
    this.messages(written);
  }

  /** A report of one who is not, or no longer, the one to make it. */
  private isStale({ name, turnId, token, ...call }: WorkerCall): boolean {
    const turn = this.known.get(turnId ?? "");
    switch (name) {
      case "chat/sending:beginSend":
      case "chat/sending:sent":
        return turn?.state !== "sending" || turn.token !== token;
      case "chat/receiving:push":
        return !turn?.pushTokenHashes.includes(call.tokenHash ?? "");
      case "chat/receiving:pulled":
        return turn?.state !== "running" || turn.generation !== call.generation;
      default:
        return false;
    }
  }

  /** Others may go on in the same commit: what can be done is asked whenever somebody calls. */
  private isOf({ table, id, value }: Row, turnId = ""): boolean {
    const { messageId } = this.known.get(turnId) ?? {};
    switch (table) {
      case "turns":
        return id === turnId;
      case "messages":
        return id === messageId;
      case "parts":
        return (value as Doc<"parts">).messageId === messageId;
      default:
        return false;
    }
  }

  /** The words before its answer, as the newest of what was written before it. */
  private promptOf({ sessionId, messageId }: Turn): string {
    const answer = this.disk.find("messages", messageId);
    let prompt: Doc<"messages"> | undefined;
    for (const message of this.disk.all("messages")) {
      if (message.sessionId !== sessionId) continue;
      if (message._creationTime >= (answer?._creationTime ?? 0)) continue;
      const newer = prompt && prompt._creationTime > message._creationTime;
      if (!newer) prompt = message;
    }
    return prompt?.text ?? "";
  }

  private turn(turn: Turn): void {
    const was = this.known.get(turn._id);
    this.known.set(turn._id, turn);
    const before = this.writer.get(turn.messageId);
    if (!was) {
      const other = before && this.known.get(before._id);
      hold("an answer has one turn at a time", !other || !this.goesOn(other));
      this.writer.set(turn.messageId, turn);
      const text = this.promptOf(turn);
      hold("a turn answers somebody's words", text !== "");
      const answer = this.answers.get(text) ?? turn.messageId;
      hold(
        "a message is one turn, however often sent",
        answer === turn.messageId,
      );
      this.answers.set(text, answer);
    } else {
      hold(
        "a turn's end is final",
        was.state !== "ended" || !this.goesOn(turn),
      );
      hold("events are not untaken", turn.cursor.next >= was.cursor.next);
      // An older one of the same answer may still be written to.
      if (before?._id === turn._id) this.writer.set(turn.messageId, turn);
    }
    if (this.goesOn(turn)) this.active.set(turn._id, turn);
    else {
      this.active.delete(turn._id);
      if (was?.state !== "ended") {
        this.endedAt.set(turn._id, this.world.clock.now());
        if (was) this.ended(was, turn);
      }
    }
    const looked = was?.state === "queued" && turn.checkAt > was.checkAt;
    if (looked && turn.state === "queued") {
      hold("a turn that can go is let go", !this.canGo(turn));
    }
  }

  /** What ran is stopped where that was asked for; what only waited may be at once. */
  private ended(was: Turn, turn: Turn): void {
    const { messageId, sessionId, cursor } = turn;
    const ran = was.state === "running" || cursor.next > was.cursor.next;
    if (this.disk.find("messages", messageId)?.state !== "stopped") return;
    hold(
      "an answer is stopped only where somebody asked for it",
      !ran || was.stopRequested || !this.disk.find("sessions", sessionId),
    );
  }

  private goesOn({ state }: Turn): boolean {
    return state !== "ended";
  }

  private forget(turn: Turn): void {
    hold("only what has ended is removed", !this.active.has(turn._id));
    this.known.delete(turn._id);
  }

  private part(row: Row, removed: boolean, answers: Set<string>): void {
    const part = row.value as Doc<"parts">;
    const { messageId } = part;
    const parts = this.parts.get(messageId) ?? new Map();
    this.parts.set(messageId, parts);
    if (removed) {
      parts.delete(part._id);
      return;
    }
    parts.set(part._id, part);
    answers.add(messageId);
    const turn = this.writer.get(messageId);
    if (
      part.body.kind === "error" &&
      part.body.error.code === "turn_too_long"
    ) {
      const runs = this.world.runs.get(turn?._id ?? "") ?? [];
      const since = this.world.clock.now() - TURN_LIMIT + HANDING_OVER;
      hold(
        "an agent has the time that a turn may take",
        runs.every(({ beganAt }) => beganAt <= since),
      );
    }
    hold(
      "an ended turn never changes its text",
      turn?.state !== "ended" || this.isNew(messageId),
    );
  }

  /** Whether this commit begins another turn for an answer. */
  private isNew(messageId: string): boolean {
    const turns = this.disk
      .all("turns")
      .filter((turn) => turn.messageId === messageId);
    return turns.some(({ _id }) => !this.known.has(_id));
  }

  /** What is stored of an answer is what its agent said, as far as it was taken. */
  private answer(messageId: string): void {
    const message = this.disk.find("messages", messageId);
    const turn = this.writer.get(messageId);
    if (!message || !turn || message.role === "user") return;
    const rows = [...(this.parts.get(messageId)?.values() ?? [])];
    let text = "";
    for (const { body } of rows.sort((a, b) => a.seq - b.seq)) {
      if (body.kind === "text" || body.kind === "reasoning") text += body.text;
    }
    const { next } = turn.cursor;
    const runs = this.world.runs.get(turn._id) ?? [];
    hold(
      "what is stored is what was said, as far as it was taken",
      next === 0
        ? text === ""
        : runs.some(
            (run) => run.events.length >= next && run.text(next) === text,
          ),
    );
    if (message.state !== "done") return;
    hold(
      "success is all that was said, and its end",
      runs.some(
        (run) =>
          run.ended === "complete" &&
          run.events.length === next &&
          run.text() === text,
      ),
    );
  }

  private messages(written: Written[]): void {
    for (const { document, removed } of written) {
      if (document.table !== "messages" || removed) continue;
      const message = document.value as Doc<"messages">;
      if (message.role === "user") continue;
      const turn = this.writer.get(message._id);
      const open = message.state === "queued" || message.state === "running";
      hold(
        "an answer is open while its turn goes on",
        turn === undefined || open === this.goesOn(turn),
      );
    }
  }

  private slot(slotId: string): void {
    const slot = this.disk.find("slots", slotId);
    if (!slot) return;
    const under = this.under(slotId);
    hold(
      "no more turns of a sandbox than it takes",
      under.length <= MAX_RUNNING,
    );
    const sessions = new Set<string>(under.map(({ sessionId }) => sessionId));
    hold(
      "one turn of a conversation at a time",
      sessions.size === under.length,
    );
    hold(
      "a turn is under way where its sandbox runs",
      under.every(
        ({ generation }) =>
          generation === slot.generation && slot.state.status === "running",
      ),
    );
  }

  /** Whether nothing keeps a turn waiting. */
  private canGo(turn: Turn): boolean {
    const slot = this.disk.find("slots", turn.slotId);
    const session = this.disk.find("sessions", turn.sessionId);
    const boot = this.disk.of("boots", turn.slotId)[0];
    if (!slot || !session || slot.state.status !== "running") return false;
    if (!boot?.access || boot.generation !== slot.generation) return false;
    if (boot.config.status !== "clean") return false;
    const turns = this.disk.of("turns", turn.slotId);
    const under = turns.filter(isUnderWay);
    const before = turns.some(
      ({ sessionId, state, _creationTime }) =>
        sessionId === turn.sessionId &&
        state !== "ended" &&
        _creationTime < turn._creationTime,
    );
    return (
      under.length < MAX_RUNNING &&
      !before &&
      this.disk
        .of("installedSkills", turn.slotId)
        .some(
          ({ generation, skillKey, sha }) =>
            generation === slot.generation &&
            skillKey === session.skillKey &&
            sha === session.sha,
        )
    );
  }

  /** An agent begins with a turn. */
  begun(run: Run): void {
    const endedAt = this.endedAt.get(run.turnId);
    run.late = endedAt !== undefined;
    const now = this.world.clock.now();
    hold(
      "what has ended is handed to nobody",
      endedAt === undefined || now - endedAt < ON_ITS_WAY,
    );
    const alive = (this.world.runs.get(run.turnId) ?? []).filter(
      (other) => other.works,
    );
    hold("a turn is with one agent", alive.length === 1);
  }

  /** We have a sandbox stopped at the provider. */
  switchedOff(box: Box): void {
    hold(
      "we stop no sandbox at work",
      this.under(box.labels["slipway-slot"] ?? "").length === 0,
    );
  }

  /** What only time shows. */
  overdue(now: number): void {
    const failed = this.world.failures.map(String);
    hold(
      "no post makes the product fail",
      failed.every((words) => words.includes(DEATH)),
    );
    for (const turn of this.active.values()) {
      const late = (at: number) => now > at + CRON_SLACK;
      hold("a turn is looked at in time", !late(turn.checkAt));
      if (turn.state !== "running") continue;
      hold(
        "a turn ends by our clock",
        !late(turn.deadlineAt) && !late((turn.startedAt ?? now) + TURN_LIMIT),
      );
      const slot = this.disk.find("slots", turn.slotId);
      const remote = this.disk
        .of("remotes", turn.slotId)
        .find(({ generation }) => generation === slot?.generation);
      const box = this.world.boxes.get(remote?.remoteId ?? "");
      hold(
        "a sandbox at work is kept awake",
        !box || now - box.activeAt < AUTO_STOP,
      );
    }
  }

  /** What does not hold yet, once misfortune has ended; see liveness.ts. */
  problem(): string | null {
    for (const { state } of this.active.values()) {
      return `every turn ends (${state})`;
    }
    for (const runs of this.world.runs.values()) {
      if (runs.some((run) => run.works && !run.untold)) {
        return "no agent works for nobody";
      }
    }
    for (const stop of this.disk.all("stops")) {
      const slot = this.disk.find("slots", stop.slotId);
      if (slot?.state.status === "running")
        return "a stop that is owed is paid";
    }
    return null;
  }

  /** How many turns at most follow each other. */
  queue(): number {
    const turns = [...this.active.values()];
    const sessions = Map.groupBy(turns, ({ sessionId }) => sessionId);
    return Math.max(0, ...[...sessions.values()].map(({ length }) => length));
  }

  /** Those under way in a sandbox, as the last commit left them. */
  under(slotId: string): Turn[] {
    return [...this.active.values()].filter(
      (turn) => turn.slotId === slotId && isUnderWay(turn),
    );
  }
}

const OF_TURN: ReadonlySet<string> = new Set(["turns", "messages", "parts"]);
const CONCERNS: ReadonlySet<string> = new Set([...OF_TURN, "slots"]);
