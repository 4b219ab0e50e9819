import { parseArgs } from "node:util";
import { dockerfileOf, imageDefinition } from "../sandboxd/snapshot/image";
import { makeSnapshot, SnapshotError } from "./snapshot/cloud";
import { describe, HOW_TO_GET_A_KEY } from "./snapshot/describe";
import { complain, say, seconds } from "./start/terminal";

/**
 * `bun run snapshot`: makes the snapshot that sandboxes are made from in a
 * Daytona account, or finds it made, and prints its name. Without a key it says
 * what it would do. The snapshot of local sandboxes is made by `bun start`.
 */
const USAGE = `bun run snapshot [--cpu 1] [--memory 2] [--disk 5] [--dockerfile]

  --cpu, --memory, --disk   what each sandbox of it gets; GiB
  --dockerfile              only print the image's definition

  DAYTONA_API_KEY, DAYTONA_API_URL, DAYTONA_TARGET say where it is made.`;

const CLOUD = "https://app.daytona.io/api";

try {
  await main();
} catch (error) {
  if (!(error instanceof SnapshotError)) throw error;
  complain(error.message);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return say(USAGE);
  const image = await imageDefinition(options.resources);
  if (options.dockerfile) return say(dockerfileOf(image).trimEnd());
  for (const line of describe(image)) say(line);
  say("");
  const { DAYTONA_API_KEY: apiKey, DAYTONA_TARGET: target } = process.env;
  if (!apiKey) return HOW_TO_GET_A_KEY.forEach(say);
  const apiUrl = process.env.DAYTONA_API_URL || CLOUD;
  const from = performance.now();
  const outcome = await makeSnapshot(
    { apiUrl, apiKey, ...(target && { target }) },
    image,
    { say: (line) => say(`  ${line}`) },
  );
  const took = seconds(performance.now() - from);
  say(`The snapshot is ${outcome} at ${apiUrl} (${took}).`);
  say("");
  say(`SLIPWAY_SNAPSHOT=${image.name}`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      cpu: { type: "string", default: "1" },
      memory: { type: "string", default: "2" },
      disk: { type: "string", default: "5" },
      dockerfile: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const whole = (name: "cpu" | "memory" | "disk"): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value > 0) return value;
    throw new SnapshotError(
      `--${name} ${values[name]}: expected a whole number, 1 or more.`,
    );
  };
  const resources = {
    cpu: whole("cpu"),
    memory: whole("memory"),
    disk: whole("disk"),
  };
  return { resources, dockerfile: values.dockerfile, help: values.help };
}
