import { parseArgs } from "node:util";
import { messageOf } from "./errors";
import { createSandboxServer } from "./index";

const USAGE =
  "SANDBOX_API_KEY=... bun emulators/sandbox/main.ts --data DIR --snapshots DIR [--port 0] [--egress name=http://host:port]... [--allow-host name]... [--warm 1]";

// One sandbox's mishap must not end the server, and with it everyone's.
process.on("unhandledRejection", (reason) => {
  console.error("Unhandled rejection:", reason);
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      data: { type: "string" },
      snapshots: { type: "string" },
      egress: { type: "string", multiple: true, default: [] },
      warm: { type: "string", default: "1" },
      "allow-host": { type: "string", multiple: true, default: [] },
    },
  });
  const apiKey = process.env.SANDBOX_API_KEY;
  if (!values.data || !values.snapshots || !apiKey) throw new Error(USAGE);
  const egress = values.egress.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new Error(`--egress ${pair}: expected name=origin`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return {
    apiKey,
    port: Number(values.port),
    warm: Number(values.warm),
    data: values.data,
    snapshots: values.snapshots,
    allowHosts: values["allow-host"],
    egress: Object.fromEntries(egress) as Record<string, string>,
  };
}

try {
  const server = await createSandboxServer(readOptions());
  const stop = async () => {
    await server.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  console.log(JSON.stringify({ ready: true, url: server.url }));
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
