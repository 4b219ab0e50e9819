import { homedir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bootTime } from "./boot-time";
import { log } from "./log";
import { startSandboxd } from "./server";
import { VERSION } from "./version";

/** The port is fixed: the server reaches it through the preview of 4500. */
const PORT = 4500;

// A daemon that dies takes every chat with it: say what was missed, go on.
process.on("unhandledRejection", (error) => log("unhandled", error));

const sandboxd = await startSandboxd({
  home: homedir(),
  host: process.env.SLIPWAY_SANDBOXD_HOST ?? "0.0.0.0",
  port: Number(process.env.SLIPWAY_SANDBOXD_PORT ?? PORT),
  agentFolder: dirname(fileURLToPath(import.meta.url)),
  bootedAt: bootTime(),
});
log(`sandboxd ${VERSION} listens on ${sandboxd.port}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void sandboxd.close().finally(() => process.exit(0));
  });
}
