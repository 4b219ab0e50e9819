import { ConvexError, type Value } from "convex/values";
import type { Doc } from "../../convex/_generated/dataModel";
import type { SlotState } from "../../convex/model/slot";
import { NET } from "./fate";
import { hold } from "./invariants";
import { ServerBusy, ServerDown, type Stage } from "./stage";
import { disk } from "./stand-ins";

/**
 * Browser tabs. A tab sends each intent with an id of its own until it has an
 * answer, also over a reload; and it reads what a page reads, again after
 * every change.
 */

export type Args = Record<string, Value>;

type Intent = { path: string; args: Args; clientId: string };

type SandboxView = {
  slotId: string;
  generation: number;
  state: SlotState;
};
type LaunchView = { launchId: string; state: string };

/** What an intent made, and the conversation with which it goes. */
type Answered = {
  table: "launches" | "messages";
  id: string;
  sessionId: string;
};

/** What one user's tabs show: all watch the same, as subscribers of one query do. */
export type Page = { sandboxes: SandboxView[]; launches: LaunchView[] };

export class Tab {
  open = true;
  private pending: Intent[] = [];

  constructor(
    readonly user: Visitor,
    readonly number: number,
  ) {}

  get name(): string {
    return `${this.user.name}'s tab ${this.number}`;
  }

  /** Sends an intent; answers what came of it, in words. */
  async send(path: string, args: Args): Promise<string> {
    const clientId = this.user.nextId();
    const intent = { path, args, clientId };
    this.pending.push(intent);
    return this.deliver(intent);
  }

  close(): void {
    this.open = false;
    this.pending = [];
  }

  /** Begins anew and sends again what it has no answer to. */
  async reload(): Promise<string> {
    this.open = true;
    const said: string[] = [];
    for (const intent of [...this.pending]) {
      said.push(await this.deliver(intent));
    }
    return said.length === 0 ? "nothing to send again" : said.join("; ");
  }

  private async deliver(intent: Intent): Promise<string> {
    const { stage } = this.user;
    const { fate } = stage.world;
    const { kind } = fate.draw(
      `net of ${this.name}`,
      NET,
      fate.weather.net,
      (fault) => `the network of ${this.name} is ${fault} the server answers`,
    );
    if (kind === "cut before") return "not sent";
    try {
      const answer = await this.user.ask(intent);
      if (kind === "cut after") return "answer lost";
      this.pending = this.pending.filter((other) => other !== intent);
      return answer;
    } catch (error) {
      if (error instanceof ServerDown) return "the server is down";
      if (error instanceof ServerBusy) return "the server is busy";
      throw error;
    }
  }
}

export class Visitor {
  readonly tabs: Tab[];
  page: Page = { sandboxes: [], launches: [] };
  private asked = 0;
  private said = 0;
  private seenAt = -1;
  private looks = 0;
  /** What each client id was answered with, cut or not. */
  private readonly answers = new Map<string, Answered>();
  private readonly known = new Map<string, number>();

  constructor(
    readonly stage: Stage,
    readonly name: string,
    tabs: number,
  ) {
    this.tabs = Array.from({ length: tabs }, (_, i) => new Tab(this, i + 1));
  }

  /** What nobody has said before. */
  words(): string {
    this.said += 1;
    return `${this.name} says ${this.said}.`;
  }

  nextId(): string {
    this.asked += 1;
    return `${this.name}-${this.asked}`;
  }

  async ask({ path, args, clientId }: Intent): Promise<string> {
    const withId = KEYED.has(path) ? { ...args, clientId } : args;
    try {
      const answer = await this.stage.call(path, withId, this.name);
      if (path === "launches:request") this.launched(clientId, answer);
      if (path === "sessions:send") this.heard(clientId, args, answer);
      if (path === "fleet:stopAll") this.stopped(answer);
      return "done";
    } catch (error) {
      if (!(error instanceof ConvexError)) throw error;
      const { code } = error.data as { code: string };
      return `refused (${code})`;
    }
  }

  /** Reads the page anew, if what it shows may have changed, and checks what it shows. */
  async look(): Promise<void> {
    if (!this.tabs.some((tab) => tab.open)) return;
    const version = this.stage.versionOf(this.name);
    if (this.seenAt === version) return;
    this.seenAt = version;
    const read = (path: string) => this.stage.call(path, {}, this.name);
    try {
      const { ts } = this.stage;
      const sandboxes = (await read("sandboxes:list")) as SandboxView[];
      // The launches are in the same page; every look at them finds the same kind of thing.
      if (this.looks++ % 4 === 0) {
        this.page.launches = (await read("launches:recent")) as LaunchView[];
      }
      // What was committed while it read is shown by the next look.
      if (this.stage.ts !== ts) this.seenAt = -1;
      else this.shown({ ...this.page, sandboxes });
    } catch (error) {
      if (!(error instanceof ServerDown)) throw error;
      this.seenAt = -1; // it reads anew when the server is up again
    }
  }

  /** Says, as a visible tab does each minute, that it shows its newest conversation. */
  async watch(): Promise<void> {
    const [newest] = this.sessions();
    if (!newest || !this.tabs.some((tab) => tab.open)) return;
    const args = { sessionId: newest._id };
    await this.stage.call("presence:watch", args, this.name);
  }

  private shown(page: Page): void {
    for (const { slotId, generation } of page.sandboxes) {
      const before = this.known.get(slotId) ?? 0;
      hold("I2 a reader never goes back in time", generation >= before);
      this.known.set(slotId, generation);
    }
    const shown = new Set<string>(page.sandboxes.map(({ slotId }) => slotId));
    for (const { _id, name, state, userId } of disk.all("slots")) {
      // A place that was never used, or holds nothing any more, is no sandbox.
      if (disk.find("users", userId)?.name !== this.name) continue;
      if (state.status === "empty" && name !== "default") continue;
      hold("I2 a sandbox on its way is never nothing", shown.has(_id));
    }
    const text = JSON.stringify(page);
    for (const secret of this.stage.world.secrets) {
      hold("I8 no secret is read", !text.includes(secret));
    }
    this.page = page;
  }

  private launched(clientId: string, answer: unknown): void {
    const { launchId, sessionId } = answer as Answered & { launchId: string };
    this.answered(clientId, { table: "launches", id: launchId, sessionId });
  }

  private heard(clientId: string, args: Args, answer: unknown): void {
    const { messageId: id } = answer as { messageId: string };
    const sessionId = args["sessionId"] as string;
    this.answered(clientId, { table: "messages", id, sessionId });
  }

  private answered(clientId: string, answer: Answered): void {
    const before = this.answers.get(clientId) ?? answer;
    hold("an intent is done once, however often sent", before.id === answer.id);
    this.answers.set(clientId, answer);
    this.isKept(answer);
  }

  /** I10: only with its conversation does it go. */
  private isKept({ table, id, sessionId }: Answered): void {
    hold(
      "I10 an answered write is kept",
      disk.find(table, id) !== undefined ||
        disk.find("sessions", sessionId) === undefined,
    );
  }

  private stopped(answer: unknown): void {
    const { stopping } = answer as { stopping: number };
    const set = disk
      .all("fleets")
      .find(({ userId }) => disk.find("users", userId)?.name === this.name);
    hold(
      "stop all remembers what it stops",
      (set?.items.length ?? 0) >= stopping,
    );
  }

  /** I10, for all that was ever answered. */
  remember(): void {
    for (const answer of this.answers.values()) this.isKept(answer);
  }

  /** The user's conversations, newest first. */
  sessions(): Doc<"sessions">[] {
    const mine = ({ userId }: Doc<"sessions">) =>
      disk.find("users", userId)?.name === this.name;
    return disk.all("sessions").filter(mine).toReversed();
  }

  /** One that is under way, of those its page shows. */
  activeLaunch(): LaunchView | undefined {
    for (const launch of disk.all("launches").toReversed()) {
      const mine = disk.find("users", launch.userId)?.name === this.name;
      if (mine && launch.active) {
        return { launchId: launch._id, state: launch.state.state };
      }
    }
    return undefined;
  }
}

/** Functions that take a client's id, so that what is sent twice is done once. */
const KEYED: ReadonlySet<string> = new Set([
  "launches:request",
  "sessions:send",
]);
