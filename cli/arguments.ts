import { parseArgs } from "node:util";

export const COMMANDS = [
  "launch",
  "list",
  "show",
  "logs",
  "cancel",
  "chat",
  "stop",
  "start",
  "keep",
  "ticket",
  "replace",
  "restore",
  "delete",
] as const;
export type Command = (typeof COMMANDS)[number];

export type Arguments = {
  command: Command;
  /** What follows the command. */
  rest: string[];
  wait: boolean;
  /** Of the command alone: --own, --all, --failed, --resume, --cancel, --without-files, --decline. */
  flags: ReadonlySet<Flag>;
  json: boolean;
  user: string | null;
  key: string | null;
  /** Of list: where a page before it left off. */
  cursor: string | null;
};

/** Options of one command that exclude each other. */
const FLAGS = [
  "own",
  "all",
  "failed",
  "resume",
  "cancel",
  "without-files",
  "decline",
] as const;
export type Flag = (typeof FLAGS)[number];

/** The commands that take an option; what is not here, all do. */
const TAKEN_BY: Record<Flag | "wait" | "key" | "cursor", Command[]> = {
  wait: ["launch", "stop", "start", "replace", "restore"],
  // Those that change something, but for tickets: each is another.
  key: [
    "launch",
    "cancel",
    "chat",
    "stop",
    "start",
    "keep",
    "replace",
    "restore",
    "delete",
  ],
  cursor: ["list"],
  own: ["launch"],
  all: ["stop"],
  failed: ["stop"],
  resume: ["replace"],
  cancel: ["replace"],
  "without-files": ["replace"],
  decline: ["restore"],
};

/** What is wrong with a command line, in words for whoever typed it. */
export class UsageError extends Error {}

const OPTIONS = {
  wait: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  user: { type: "string" },
  key: { type: "string" },
  cursor: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
  own: { type: "boolean" },
  all: { type: "boolean" },
  failed: { type: "boolean" },
  resume: { type: "boolean" },
  cancel: { type: "boolean" },
  "without-files": { type: "boolean" },
  decline: { type: "boolean" },
} as const;

/** How many words each command takes after its name. */
const WORDS: Record<Command, [least: number, most: number]> = {
  launch: [1, 1],
  list: [0, 1],
  show: [1, 1],
  logs: [1, 1],
  cancel: [1, 1],
  chat: [2, 2],
  stop: [0, 1],
  start: [0, 1],
  keep: [0, 1],
  ticket: [2, 3],
  replace: [0, 1],
  restore: [0, 0],
  delete: [1, 1],
};

/** @returns "help" when help is asked for. @throws UsageError */
export function readArguments(argv: string[]): Arguments | "help" {
  const { values, positionals } = parse(argv);
  const [name, ...rest] = positionals;
  if (values.help || name === "help" || name === undefined) return "help";
  const command = COMMANDS.find((known) => known === name);
  if (!command) throw new UsageError(`There is no command "${name}".`);
  const [least, most] = WORDS[command];
  if (rest.length < least || rest.length > most) {
    const wanted = least === most ? `${least}` : `${least} or ${most}`;
    throw new UsageError(
      `${command} takes ${wanted} argument${most === 1 ? "" : "s"}, not ${rest.length}.`,
    );
  }
  for (const [option, commands] of Object.entries(TAKEN_BY)) {
    const given = values[option as keyof typeof TAKEN_BY];
    if (given === undefined || given === false) continue;
    if (!commands.includes(command)) {
      throw new UsageError(`${command} does not take --${option}.`);
    }
  }
  if (values.key !== undefined && !isKey(values.key)) {
    throw new UsageError("A key has 1 to 200 characters, of ASCII.");
  }
  const flags = flagsOf(values);
  const [several] = command === "stop" ? flags : [];
  if (several && rest.length > 0) {
    throw new UsageError(`stop takes a sandbox or --${several}, not both.`);
  }
  return {
    ...{ command, rest, flags, wait: values.wait, json: values.json },
    ...{ user: values.user ?? null, key: values.key ?? null },
    cursor: values.cursor ?? null,
  };
}

/** As a header carries it; an empty one is a variable that was not set. */
function isKey(text: string): boolean {
  return text.trim() !== "" && /^[\x20-\x7e]{1,200}$/.test(text);
}

function flagsOf(values: Partial<Record<Flag, boolean>>): ReadonlySet<Flag> {
  const given = FLAGS.filter((flag) => values[flag]);
  if (given.length > 1) {
    throw new UsageError(`--${given.join(" and --")} exclude each other.`);
  }
  return new Set(given);
}

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
