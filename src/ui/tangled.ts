/**
 * Whether a text is so long, or nested so deeply, that laying it out as Markdown
 * would take seconds, or overflow the stack: that takes the square of either, and
 * everybody's pages wait for one such text. No document that people read is.
 *
 * Looked at from outside, in one pass: what only may be open counts as open.
 */
export function isTangled(text: string): boolean {
  if (text.length > MOST_CHARS) return true;
  if ((text.match(/\n|\r/g)?.length ?? 0) > MOST_LINES) return true;
  let cost = 0;
  let levels = 0;
  for (const block of text.split(/\n[ \t]*\n/)) {
    const containers = containersOf(block);
    levels += containers.all;
    if (containers.most > MOST_CONTAINERS || levels > MOST_LEVELS) return true;
    cost += emphasis(block) ** 2 + brackets(block) ** 2;
    if (cost > MOST) return true;
  }
  return false;
}

const MOST_CHARS = 100_000;
const MOST_LINES = 5_000;
/** Levels of quotes and lists that begin on one line, and on all of them. */
const MOST_CONTAINERS = 40;
const MOST_LEVELS = 5_000;
/** Of the squares of depths; 600 levels take a tenth of a second. */
const MOST = 360_000;

const PREFIX = /^(?:[ \t]*(?:>|[-+*](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$)))+/gm;

function containersOf(block: string): { most: number; all: number } {
  let most = 0;
  let all = 0;
  for (const [prefix] of block.matchAll(PREFIX)) {
    const count = prefix.match(/>|[-+*]|\d+/g)?.length ?? 0;
    most = Math.max(most, count);
    all += count;
  }
  return { most, all };
}

/**
 * How many marks of emphasis may be open at once. One that may close takes back
 * the same mark if that was the last to open; whatever else it could close stays.
 */
function emphasis(block: string): number {
  const open: string[] = [];
  let depth = 0;
  let most = 0;
  for (const { 0: run, index } of block.matchAll(/\*+|_+|~+/g)) {
    const before = sideOf(block[index - 1]);
    const after = sideOf(block[index + run.length]);
    const inWord = run.startsWith("_") && before === "word" && after === "word";
    if (inWord) continue;
    const closes =
      before !== "space" && !(before === "mark" && after === "word");
    const opens = after !== "space" && !(after === "mark" && before === "word");
    if (closes && open.at(-1) === run) {
      open.pop();
      depth -= run.length;
    } else if (opens) {
      open.push(run);
      depth += run.length;
      most = Math.max(most, depth);
    }
  }
  return most;
}

function sideOf(char = " "): "space" | "mark" | "word" {
  if (/\s/.test(char)) return "space";
  return /[\p{P}\p{S}]/u.test(char) ? "mark" : "word";
}

function brackets(block: string): number {
  let open = 0;
  let most = 0;
  for (const char of block) {
    if (char === "[") most = Math.max(most, ++open);
    else if (char === "]" && open > 0) open -= 1;
  }
  return most;
}
