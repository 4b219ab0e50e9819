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

/** How often a step that takes long says that it is still at it. */
const HEARTBEAT_MS = 5_000;

/**
 * Runs a step and says when it ends, how long it took and what came of it. A
 * step over 5 s tells what it is doing and for how long, at each change and
 * every 5 s. Throws what the step throws, after saying that it failed.
 */
export async function step<T>(
  title: string,
  work: (progress: Progress) => Promise<T> | T,
  outcome: (value: T) => string = () => "",
): Promise<T> {
  const startedAt = performance.now();
  const elapsed = () => seconds(performance.now() - startedAt);
  let doing = "";
  let saidAt = startedAt;
  const beat = () => {
    saidAt = performance.now();
    say(dim(`  ${title}: ${doing || "working"} (${elapsed()})`));
  };
  const timer = setInterval(() => {
    if (performance.now() - saidAt > HEARTBEAT_MS - 100) beat();
  }, 500);
  try {
    const value = await work((text) => {
      if (text === doing) return;
      doing = text;
      if (performance.now() - startedAt > 1_000) beat();
    });
    const said = outcome(value);
    say(
      `${green("✓")} ${title}${said ? `: ${said}` : ""} ${dim(`(${elapsed()})`)}`,
    );
    return value;
  } catch (error) {
    complain(`${title} failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
