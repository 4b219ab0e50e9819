import { MAX_POSITION } from "../convex/model/admission";
import type { Queue } from "./shapes";

/** Where a command says things: words for people, or lines of JSON for programs. */
export type Output = {
  json: boolean;
  /** A line for people. */
  say(line: string): void;
  /** Part of a line for people, as it grows. */
  write(text: string): void;
  /** A record for programs. */
  emit(record: unknown): void;
  /** What is going on now, with its time; replaced by the next on a terminal. */
  status(text: string | null): void;
};

/** What a terminal obeys instead of showing it, and what turns the order of a line around. */
const OBEYED = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Text that only shows: what a sandbox or a page said must not steer the terminal. */
export function plain(text: string): string {
  return text.replaceAll(OBEYED, "");
}

/** The same on one line: another would pass for one of ours. */
function shownLine(text: string): string {
  return plain(text).replaceAll("\n", " ");
}

/** A record as a line. JSON escapes only C0 by itself; the rest means the same escaped. */
export function recordLine(record: unknown): string {
  const escape = (char: string) =>
    `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(record).replaceAll(OBEYED, escape)}\n`;
}

export function output(
  json: boolean,
  stdout: { isTTY?: boolean; write(text: string): unknown },
): Output {
  const terminal = !json && stdout.isTTY === true;
  let shown = false;
  const clear = () => {
    if (shown) stdout.write("\r\u001b[K");
    shown = false;
  };
  const write = (text: string) => {
    if (json) return;
    clear();
    stdout.write(plain(text));
  };
  return {
    json,
    say: (line) => write(`${shownLine(line)}\n`),
    write,
    emit: (record) => {
      if (json) stdout.write(recordLine(record));
    },
    status: (text) => {
      if (!terminal) return;
      clear();
      if (text === null) return;
      stdout.write(shownLine(text));
      shown = true;
    },
  };
}

export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}

/** Rows with columns as wide as what is in them. */
export function table(rows: string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** "3rd in line", and why that may not help; empty for what does not wait. */
export function queueWords({ position, ownCap }: Queue): string {
  if (!position) return "";
  if (ownCap) {
    const places = ownCap === 1 ? "place" : "places";
    return `in line: your own sandboxes take all your ${ownCap} ${places}, stop one`;
  }
  // Farther nobody counts.
  return position < MAX_POSITION
    ? `${ordinal(position)} in line`
    : `${ordinal(MAX_POSITION)} or later in line`;
}

const RULES = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS: Partial<Record<Intl.LDMLPluralRule, string>> = {
  one: "st",
  two: "nd",
  few: "rd",
};

function ordinal(n: number): string {
  return `${n}${ENDINGS[RULES.select(n)] ?? "th"}`;
}
