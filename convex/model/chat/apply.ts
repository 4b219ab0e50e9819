import type { Infer } from "convex/values";
import type { partBody } from "../../validators";
import { failure } from "../errors";
import type { EndReason, TurnEvent } from "./events";
import { clip } from "./events";
import { MAX_PARTS, ROW_CHARS, TURN_CHARS } from "./limits";

/**
 * From numbered events to the rows of an answer. Pure: the caller reads the
 * rows it names, and writes the rows it returns.
 */

export type PartBody = Infer<typeof partBody>;
export type Row = { seq: number; body: PartBody };

/** How far a turn has come, and how much of its allowance is used. */
export type Cursor = {
  next: number; // events taken so far
  seq: number; // of the next row
  chars: number; // written
  cut: boolean; // the allowance is used up, and the reader was told
  failed: boolean; // an error is among the rows
};

export const START: Cursor = {
  next: 0,
  seq: 0,
  chars: 0,
  cut: false,
  failed: false,
};

export type Applied = {
  cursor: Cursor;
  rows: Row[]; // new or changed, in order
  end: EndReason | null;
};

const CUT: PartBody = {
  kind: "text",
  text: "\n\n*The answer is longer than what is kept; the rest was left out.*",
};

/**
 * Applies what the cursor has not seen. `tail` is the last row there is,
 * `tools` the rows of the calls the events name. Times of the sandbox count
 * only between `since` (the turn's start) and `now`, both in ms.
 */
export function applyEvents(
  cursor: Cursor,
  known: { tail: Row | null; tools: Row[] },
  events: TurnEvent[],
  clock: { since: number; now: number },
): Applied {
  const page = new Page(cursor, known, clock);
  for (const event of events) {
    if (event.n !== page.cursor.next) continue; // seen before
    page.cursor.next += 1;
    if (event.kind === "end") {
      return { cursor: page.cursor, rows: page.touched(), end: event.reason };
    }
    page.take(event);
  }
  return { cursor: page.cursor, rows: page.touched(), end: null };
}

class Page {
  readonly cursor: Cursor;
  #tail: Row | null;
  #tools = new Map<string, Row>();
  #touched = new Map<number, Row>();

  constructor(
    cursor: Cursor,
    known: { tail: Row | null; tools: Row[] },
    readonly clock: { since: number; now: number },
  ) {
    this.cursor = { ...cursor };
    this.#tail = known.tail;
    for (const row of known.tools) {
      if (row.body.kind === "tool") this.#tools.set(row.body.callId, row);
    }
  }

  touched(): Row[] {
    return [...this.#touched.values()].sort((a, b) => a.seq - b.seq);
  }

  take(event: Exclude<TurnEvent, { kind: "end" }>): void {
    switch (event.kind) {
      case "text":
      case "reasoning":
        return this.#write(event.kind, event.delta);
      case "tool":
        return this.#tool(event);
      case "error":
        this.cursor.failed = true;
        // Short, and what a person needs most: written past the allowance too.
        if (this.cursor.seq < MAX_PARTS + 10) {
          this.#add({
            kind: "error",
            error: failure(event.code, event.message),
          });
        }
        return;
      case "unreadable":
        return;
    }
  }

  #write(kind: "text" | "reasoning", delta: string): void {
    const left = Math.max(0, TURN_CHARS - this.cursor.chars);
    let rest = delta.slice(0, left);
    // Half a character cannot be stored.
    if (rest !== delta) rest = rest.replace(/[\uD800-\uDBFF]$/, "");
    const lost = rest.length < delta.length;
    while (rest !== "" && !this.cursor.cut) {
      const tail = this.#tail;
      const grows =
        tail?.body.kind === kind && tail.body.text.length < ROW_CHARS;
      const before = grows ? (tail.body as { text: string }).text : "";
      const piece = head(rest, ROW_CHARS - before.length);
      const body = { kind, text: before + piece };
      if (grows) this.#set({ seq: tail.seq, body });
      else if (!this.#room()) return;
      else this.#add(body);
      this.cursor.chars += piece.length;
      rest = rest.slice(piece.length);
    }
    if (lost) this.#cutOff();
  }

  #tool(event: Extract<TurnEvent, { kind: "tool" }>): void {
    const row = this.#tools.get(event.callId);
    const old = row?.body.kind === "tool" ? row.body : null;
    if (!row && !this.#room()) return;
    const at = Math.min(Math.max(event.at, this.clock.since), this.clock.now);
    const ended = event.status !== "running";
    const body: Extract<PartBody, { kind: "tool" }> = {
      kind: "tool",
      callId: event.callId,
      name: event.name,
      // A call that has ended does not run again.
      status: !ended && old ? old.status : event.status,
      ...this.#afford("label", event.label, old?.label),
      ...this.#afford("args", event.args, old?.args),
      ...this.#afford("result", event.result, old?.result),
      startedAt: old?.startedAt ?? at,
      ...(ended
        ? { endedAt: old?.endedAt ?? at }
        : old?.endedAt !== undefined && { endedAt: old.endedAt }),
    };
    if (row) this.#set({ seq: row.seq, body });
    else this.#add(body);
  }

  /** The field as the allowance permits; what was there stays. */
  #afford<K extends "label" | "args" | "result">(
    name: K,
    value: string | undefined,
    old: string | undefined,
  ): Partial<Record<K, string>> {
    const left = TURN_CHARS - this.cursor.chars;
    if (value === undefined || this.cursor.cut || left <= 0) {
      return old === undefined ? {} : ({ [name]: old } as Record<K, string>);
    }
    // Charged in full each time: a call reported for ever uses up the turn.
    const text = clip(value, left);
    this.cursor.chars += text.length;
    return { [name]: text } as Record<K, string>;
  }

  /** Whether one more row may be added; tells the reader the first time not. */
  #room(): boolean {
    if (this.cursor.cut) return false;
    if (this.cursor.seq < MAX_PARTS && this.cursor.chars < TURN_CHARS) {
      return true;
    }
    this.#cutOff();
    return false;
  }

  #cutOff(): void {
    if (this.cursor.cut) return;
    this.cursor.cut = true;
    this.#add(CUT);
  }

  #add(body: PartBody): void {
    const row = { seq: this.cursor.seq, body };
    this.cursor.seq += 1;
    this.#set(row);
    this.#tail = row;
  }

  #set(row: Row): void {
    this.#touched.set(row.seq, row);
    if (this.#tail?.seq === row.seq) this.#tail = row;
    if (row.body.kind === "tool") this.#tools.set(row.body.callId, row);
  }
}

/** At most `max` units from the start, never half a character, at least one. */
function head(text: string, max: number): string {
  const whole = text.slice(0, Math.max(1, max));
  if (whole.length === text.length) return whole;
  const splits = /[\uD800-\uDBFF]$/.test(whole);
  return splits ? text.slice(0, whole.length + 1) : whole;
}
