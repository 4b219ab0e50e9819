import { readArguments, UsageError, type Arguments } from "./arguments";
import { Client } from "./client";
import { RUN } from "./commands";
import { tokenFor } from "./credential";
import { HELP } from "./help";
import { output } from "./output";
import { problemOf, wordsOfProblem } from "./problem";

/** The command line of the HTTP API; `--help` says what it can do. */

process.once("SIGINT", () => {
  // What was asked for goes on: the server owns it.
  process.stderr.write("\nInterrupted. What was launched goes on.\n");
  process.exit(130);
});

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  let args: Arguments | "help" | null = null;
  try {
    args = readArguments(argv);
    if (args === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    const origin = originOf(process.env.SLIPWAY_URL);
    const token = await tokenFor(origin, args.user, process.env);
    const out = output(args.json, process.stdout);
    return await RUN[args.command](new Client(origin, token), args, out);
  } catch (error) {
    return report(error, argv.includes("--json"));
  }
}

function originOf(given: string | undefined): string {
  const url = given || "http://127.0.0.1:3000";
  if (!URL.canParse(url)) {
    throw new UsageError(`SLIPWAY_URL is not an address: "${url}".`);
  }
  return new URL(url).origin;
}

/** Says what went wrong, on stderr or as a line of JSON, and answers the exit code. */
function report(error: unknown, json: boolean): number {
  const { exit, problem } = problemOf(error);
  if (json) {
    const record = { event: "problem", ...problem };
    process.stdout.write(`${JSON.stringify(record)}\n`);
  } else process.stderr.write(`${wordsOfProblem(problem)}\n`);
  return exit;
}
