import { parseArgs } from "node:util";
import { createBackend } from "./backend";
import { messageOf } from "./errors";

/**
 * The backend as a process of its own:
 * `bun emulators/backend/main.ts --functions convex --data DIR`.
 *
 * Prints one line of JSON on stdout when it is ready; all else goes to stderr.
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

function read(): {
  functions: string;
  data: string;
  port: number;
  sitePort: number;
} {
  const { values } = parseArgs({
    options: {
      functions: { type: "string", default: "convex" },
      data: { type: "string" },
      port: { type: "string", default: "0" },
      "site-port": { type: "string", default: "0" },
    },
  });
  if (values.data === undefined) throw new Error("--data DIR is missing.");
  return {
    functions: values.functions,
    data: values.data,
    port: portOf("--port", values.port),
    sitePort: portOf("--site-port", values["site-port"]),
  };
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error(`${flag} ${text} is not a port.`);
}

try {
  const adminKey = process.env["CONVEX_ADMIN_KEY"];
  const backend = await createBackend({
    ...read(),
    ...(adminKey ? { adminKey } : {}),
  });
  const stop = () => {
    // A request that never ends must not keep the process.
    setTimeout(() => process.exit(0), CLOSE_WITHIN_MS).unref();
    void backend.close().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const { url, siteUrl } = backend;
  process.stdout.write(`${JSON.stringify({ ready: true, url, siteUrl })}\n`);
} catch (error) {
  process.stderr.write(`The backend cannot start: ${messageOf(error)}\n`);
  process.exit(1);
}
