import { parseArgs, type ParseArgsConfig } from "node:util";
import { complain } from "./start/terminal";

/**
 * What a script is asked for. One that is asked for what there is not ends with
 * 2 and says what there is: to do nothing would look as if all were well.
 */
export function refuse(words: string): never {
  complain(words);
  process.exit(2);
}

export function readFlags<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const flags = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    return refuse(`${(error as Error).message}\nThere are: ${flags.join(" ")}`);
  }
}

export function wholeNumber(flag: string, text: string, least = 0): number {
  const number = Number(text || NaN);
  if (Number.isSafeInteger(number) && number >= least) return number;
  return refuse(`${flag} is "${text}". Give it a whole number from ${least}.`);
}

/** Those that have one of the words in their name, or all of them without words. */
export function chosen(
  what: string,
  names: readonly string[],
  words: readonly string[],
): string[] {
  const vain = words.find((word) => !names.some((one) => one.includes(word)));
  if (vain !== undefined) {
    refuse(`No ${what} has "${vain}" in its name. ${listOf(names)}`);
  }
  if (words.length === 0) return [...names];
  return names.filter((name) => words.some((word) => name.includes(word)));
}

const listOf = (names: readonly string[]) =>
  ["There are:", ...names].join("\n  ");
