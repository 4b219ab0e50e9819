// Unheard, an error of writing ends the process: a full disk behind
// `bun start > log`, or a reader that is gone, would take the product with it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => {
    // Nothing more is said on this stream; the logs of the parts go on.
  });
}

const interactive = process.stdout.isTTY === true;

function paint(code: number, text: string): string {
  return interactive && !process.env.NO_COLOR
    ? `\u001b[${code}m${text}\u001b[0m`
    : text;
}

export const dim = (text: string) => paint(2, text);
export const bold = (text: string) => paint(1, text);
const green = (text: string) => paint(32, text);
const yellow = (text: string) => paint(33, text);
const red = (text: string) => paint(31, text);

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function warn(line: string): void {
  say(`${yellow("!")} ${line}`);
}

export function complain(line: string): void {
  process.stderr.write(`${red("x")} ${line}\n`);
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Notes what a step is doing now. */
export type Progress = (doing: string) => void;

/** How often a step that takes long says what it is at. */
const HEARTBEAT_MS = 5_000;

/**
 * Runs a step and says when it ends, how long it took and what came of it. Every
 * 5 s it tells what the step is doing and for how long already. Throws what the
 * step throws, after saying that it failed. `well` judges a step that ends with
 * an answer which may be a bad one.
 */
export async function step<T>(
  title: string,
  work: (progress: Progress) => Promise<T> | T,
  outcome: (value: T) => string = () => "",
  well: (value: T) => boolean = () => true,
): Promise<T> {
  const startedAt = performance.now();
  const elapsed = () => seconds(performance.now() - startedAt);
  let doing = "";
  const timer = setInterval(
    () => say(dim(`  ${title}: ${doing || "working"} (${elapsed()})`)),
    HEARTBEAT_MS,
  );
  try {
    const value = await work((text) => {
      doing = text;
    });
    const said = outcome(value);
    say(
      `${well(value) ? green("✓") : red("x")} ${title}${said ? `: ${said}` : ""} ${dim(`(${elapsed()})`)}`,
    );
    return value;
  } catch (error) {
    complain(`${title} failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
