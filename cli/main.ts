import { readArguments, UsageError, type Arguments } from "./arguments";
import { Client, Refused } from "./client";
import { RUN } from "./commands";
import { tokenFor } from "./credential";
import { HELP } from "./help";
import { output, plain, recordLine } from "./output";
import { problemOf, wordsOfProblem } from "./problem";

/** The command line of the HTTP API; `--help` says what it can do. */

process.once("SIGINT", () => {
  // What was asked for goes on: the server owns it.
  process.stderr.write("\nInterrupted. What was launched goes on.\n");
  process.exit(130);
});

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read it has gone, as `head` does when it has enough.
    if (error.code !== "EPIPE") throw error;
    process.exit(141); // as of SIGPIPE
  });
}

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
    const client = new Client(origin, token);
    try {
      return await RUN[args.command](client, args, out);
    } catch (error) {
      if (!client.hasAsked || !isUnseen(error)) throw error;
      out.emit({ event: "asked" });
      out.say(
        "It was asked for. What comes of it this token may not see: that takes the scope read.",
      );
      return args.wait ? 3 : 0;
    }
  } catch (error) {
    return report(error, argv.includes("--json"));
  }
}

/** A token may ask for what it may not look at. */
function isUnseen(error: unknown): boolean {
  return error instanceof Refused && error.problem.code === "scope_missing";
}

function originOf(given: string | undefined): string {
  const text = given || "http://127.0.0.1:3000";
  const url = URL.canParse(text) ? new URL(text) : null;
  // "localhost:3000" parses, as an address of the scheme "localhost:".
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(
      `SLIPWAY_URL is not an address: "${text}". Begin it with http:// or https://.`,
    );
  }
  return url.origin;
}

/** Says what went wrong, on stderr or as a line of JSON, and answers the exit code. */
function report(error: unknown, json: boolean): number {
  const { exit, problem } = problemOf(error);
  if (json) {
    process.stdout.write(recordLine({ event: "problem", ...problem }));
  } else process.stderr.write(`${plain(wordsOfProblem(problem))}\n`);
  return exit;
}
