import { z } from "zod";
import { Refusal, type Backend, type Grant } from "./backend";
import { CLOSES, type Ending } from "./closing";
import type { Limits } from "./limits";
import type { Seats } from "./seats";
import { isReply } from "./replies";
import { Pace, type Far, type Near, type NearEnd } from "./sockets";
import { Terminals } from "./toolbox";
import { Pulse, type Watch } from "./watch";

/**
 * One terminal. Binary messages are its bytes, both ways; text is JSON:
 *
 *   browser  {ticket, terminal, cols, rows}   first, within 10 s
 *            {type: "resize", cols, rows}
 *            {type: "seen", bytes}             painted since the last time; makes room
 *            {type: "ping"}                    is the line there? No use of the sandbox
 *   relay    {type: "ready", resumed, pings}   then bytes; pings: it answers them
 *            {type: "pong"}
 *            {type: "exit", code}              then a close
 *
 * The shell outlives a lost connection: who comes back with the same `terminal`
 * and a new ticket has it again.
 */

const size = {
  cols: z.number().int().min(2).max(500),
  rows: z.number().int().min(1).max(300),
};
const hello = z.object({
  ticket: z.string().min(1).max(200),
  /** Chosen by the page. It opens nothing: names only mean something in one's own sandbox. */
  terminal: z.string().regex(/^[0-9a-f]{32}$/),
  ...size,
});
const control = z.union([
  z.object({ type: z.literal("resize"), ...size }),
  z.object({ type: z.literal("seen"), bytes: z.number().int().min(0) }),
  z.object({ type: z.literal("ping") }),
]);
const said = z.object({
  type: z.literal("control"),
  status: z.string(),
  exitCode: z.number().optional(),
});
const ended = z.object({ exitCode: z.number() });

type Size = { cols: number; rows: number };

export type TerminalParts = {
  backend: Backend;
  watch: Watch;
  seats: Seats;
  limits: Limits;
  /** Called once it has shown a ticket, or is over. */
  known(): void;
};

type Running = { far: Far; pace: Pace; terminals: Terminals; name: string };

export class Terminal implements NearEnd {
  private near: Near | null = null;
  private stage: "waiting" | "opening" | "running" | "over" = "waiting";
  private running: Running | null = null;
  private readonly cleanups: (() => void)[] = [];
  private hello: ReturnType<typeof setTimeout> | undefined;
  private typedAt = Date.now();
  private readonly life = new Pulse();
  private unseen = 0;
  private resizing: Promise<void> | null = null;
  private wanted: Size | null = null;

  constructor(private readonly parts: TerminalParts) {}

  opened(near: Near): void {
    this.near = near;
    const { hello } = this.parts.limits;
    this.hello = setTimeout(() => this.end("ticket_invalid"), hello);
    this.cleanups.push(() => clearTimeout(this.hello), this.parts.known);
  }

  message(message: string | Buffer): void {
    switch (this.stage) {
      case "waiting":
        void this.begin(String(message));
        return;
      case "running":
        if (typeof message === "string") this.controlled(message);
        else this.typed(message);
        return;
      case "opening": // it is told when it may speak
        this.end("bad_request");
        return;
      case "over":
        return;
    }
  }

  drained(): void {
    this.running?.pace.drained();
  }

  closed(): void {
    this.finish();
  }

  /** Ends the connection; the shell stays. */
  end(how: Ending): void {
    if (this.stage === "over") return;
    const { near } = this;
    this.finish();
    near?.close(CLOSES[how], how);
  }

  private finish(): void {
    if (this.stage === "over") return;
    this.stage = "over";
    for (const clean of this.cleanups.splice(0)) clean();
  }

  private async begin(text: string): Promise<void> {
    this.stage = "opening";
    clearTimeout(this.hello);
    const first = hello.safeParse(parse(text));
    if (!first.success) return this.end("bad_request");
    const { backend } = this.parts;
    try {
      const grant = await backend.redeem(first.data.ticket, "terminal");
      for (const clean of this.cleanups.splice(0)) clean();
      await this.run(grant, first.data);
    } catch (error) {
      this.end(error instanceof Refusal ? endingOf(error) : "unreachable");
    }
  }

  /** Throws Error where the sandbox gives no terminal. */
  private async run(
    { claim, target }: Grant,
    { terminal: name, cols, rows }: z.infer<typeof hello>,
  ): Promise<void> {
    const { seats, limits, watch } = this.parts;
    if (this.isOver()) return;
    const { userId } = claim;
    if (!seats.take(userId, name)) return this.end("too_many");
    this.cleanups.push(() => seats.leave(userId, name));
    const terminals = new Terminals(target, limits);
    await terminals.makeRoom(limits.terminalsPerUser, seats.namesOf(userId));
    if (this.isOver()) return;
    const { far, resumed } = await terminals.open(name, { cols, rows });
    if (this.isOver() || !this.near) return far.terminate();
    const pace = new Pace(this.near, far, limits);
    this.running = { far, pace, terminals, name };
    this.cleanups.push(
      () => far.terminate(),
      () => pace.end(),
      this.endUnlessReady(),
      this.endWhenIdle(),
      watch.add({
        claim,
        life: this.life,
        end: (how) => this.end(how),
      }),
    );
    far.on("message", (data, isBinary) =>
      this.fromSandbox(data as Buffer, isBinary, resumed),
    );
    far.on("close", (_code, reason) => this.gone(reason.toString()));
    this.wanted = { cols, rows };
    // A program that was there before paints itself anew for another size.
    if (resumed) await terminals.resize(name, { cols, rows: rows + 1 });
    if (resumed) this.resize({ cols, rows });
    far.resume();
  }

  private fromSandbox(data: Buffer, isBinary: boolean, resumed: boolean): void {
    this.life.active = true;
    const word = isBinary ? null : said.safeParse(parse(data.toString()));
    if (!word?.success) {
      this.unseen += data.length;
      const fits = this.running?.pace.toNear(Buffer.from(data));
      if (!fits) return this.end("too_much");
      this.running?.pace.hold(this.unseen > this.parts.limits.unseen);
      return;
    }
    switch (word.data.status) {
      case "connected":
        this.stage = "running";
        this.tell({ type: "ready", resumed, pings: true });
        return;
      case "exited":
        return this.exited(word.data.exitCode ?? null);
      default:
        this.end("unreachable");
    }
  }

  /** A shell that ended says so in its close; anything else is a line that was cut. */
  private gone(reason: string): void {
    const end = ended.safeParse(parse(reason));
    if (!end.success) return this.end("unreachable");
    this.exited(end.data.exitCode);
  }

  private exited(code: number | null): void {
    if (this.isOver()) return;
    this.tell({ type: "exit", code });
    this.end("ended");
  }

  private typed(bytes: Buffer): void {
    if (!isReply(bytes)) {
      this.typedAt = Date.now();
      this.life.typed = true;
    }
    if (!this.running?.pace.toFar(bytes)) this.end("too_much");
  }

  private controlled(text: string): void {
    const word = control.safeParse(parse(text));
    if (!word.success) return this.end("bad_request");
    const { running } = this;
    switch (word.data.type) {
      case "resize":
        return this.resize(word.data);
      case "seen":
        this.unseen = Math.max(0, this.unseen - word.data.bytes);
        running?.pace.hold(this.unseen > this.parts.limits.unseen);
        return;
      case "ping":
        return this.tell({ type: "pong" });
    }
  }

  /** One at a time, and only the last of those that came meanwhile. */
  private resize({ cols, rows }: Size): void {
    this.wanted = { cols, rows };
    this.resizing ??= this.resizeAll();
  }

  private async resizeAll(): Promise<void> {
    while (this.wanted && this.running) {
      const wanted = this.wanted;
      this.wanted = null;
      await this.running.terminals.resize(this.running.name, wanted);
    }
    this.resizing = null;
  }

  private endUnlessReady(): () => void {
    const timer = setTimeout(() => {
      if (this.stage === "opening") this.end("unreachable");
    }, this.parts.limits.connect);
    return () => clearTimeout(timer);
  }

  private endWhenIdle(): () => void {
    const { terminalIdle, terminalLife } = this.parts.limits;
    this.typedAt = Date.now();
    const last = this.typedAt + terminalLife;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      const idle = this.typedAt + terminalIdle;
      const left = Math.min(idle, last) - Date.now();
      if (left <= 0) this.end(idle < last ? "idle" : "too_long");
      else timer = setTimeout(wait, left);
    };
    wait();
    return () => clearTimeout(timer);
  }

  private tell(word: object): void {
    this.near?.send(JSON.stringify(word));
  }

  private isOver(): boolean {
    return this.stage === "over";
  }
}

function endingOf({ code }: Refusal): Ending {
  switch (code) {
    case "ticket_invalid":
      return "ticket_invalid";
    case "sandbox_not_running":
      return "sandbox_changed";
    case "not_found":
      return "access_withdrawn";
    case "backend_unavailable":
      return "unchecked";
    default:
      return "unreachable";
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no word of the protocol
  }
}
