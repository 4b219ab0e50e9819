import { parseArgs } from "node:util";
import { createBackend } from "./backend";
import { messageOf } from "./errors";
import { Watched } from "./watch";

/**
 * The backend as a process of its own:
 * `bun emulators/backend/main.ts --functions convex --data DIR`.
 *
 * Prints one line of JSON on stdout when it is ready; all else goes to stderr.
 * `--watch` starts it again when the functions change; the data stays.
 * `--class smallest` (or SLIPWAY_BACKEND_CLASS) lets no more run at once than
 * the smallest deployment class does.
 */
const CLOSE_WITHIN_MS = 1_500;

// Functions may log while they are loaded, and stdout has one line only.
console.log = console.error;
console.info = console.error;
console.debug = console.error;

// A promise that a function left behind must not take the deployment down.
process.on("unhandledRejection", (reason) => {
  console.error("Unhandled rejection in a function:", reason);
});
process.on("uncaughtException", (error) => {
  console.error("Uncaught exception in a function:", error);
});

function read() {
  const { values } = parseArgs({
    options: {
      functions: { type: "string", default: "convex" },
      data: { type: "string" },
      port: { type: "string", default: "0" },
      "site-port": { type: "string", default: "0" },
      class: { type: "string" },
      watch: { type: "boolean", default: false },
    },
  });
  const { functions, data, watch } = values;
  if (data === undefined) throw new Error("--data DIR is missing.");
  const port = portOf("--port", values.port);
  const sitePort = portOf("--site-port", values["site-port"]);
  const deploymentClass = classOf(
    values.class ?? process.env["SLIPWAY_BACKEND_CLASS"],
  );
  return { functions, data, watch, port, sitePort, ...deploymentClass };
}

function classOf(name: string | undefined): { deploymentClass?: "smallest" } {
  if (!name) return {};
  if (name === "smallest") return { deploymentClass: name };
  throw new Error(`--class ${name} is not known; there is "smallest".`);
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error(`${flag} ${text} is not a port.`);
}

type Running = { close(): Promise<void> };

async function serve({
  watch,
  ...options
}: ReturnType<typeof read>): Promise<Running> {
  if (watch) {
    const { functions, data, port, sitePort, deploymentClass } = options;
    const args = ["--functions", functions, "--data", data];
    if (deploymentClass) args.push("--class", deploymentClass);
    const watched = new Watched(args, { port, sitePort }, announce);
    await watched.start(functions);
    return { close: () => watched.stop() };
  }
  const adminKey = process.env["CONVEX_ADMIN_KEY"];
  const backend = await createBackend({
    ...options,
    ...(adminKey ? { adminKey } : {}),
  });
  announce(backend);
  return backend;
}

function announce({ url, siteUrl }: { url: string; siteUrl: string }): void {
  process.stdout.write(`${JSON.stringify({ ready: true, url, siteUrl })}\n`);
}

try {
  const running = serve(read());
  const stop = () => {
    // A request that never ends must not keep the process.
    setTimeout(() => process.exit(0), CLOSE_WITHIN_MS).unref();
    void running.then((one) => one.close()).then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await running;
} catch (error) {
  process.stderr.write(`The backend cannot start: ${messageOf(error)}\n`);
  process.exit(1);
}
