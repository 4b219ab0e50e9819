import { parseArgs } from "node:util";
import { createModelServer } from "./server";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    key: { type: "string" },
    pace: { type: "string", default: "18" },
    // Every emulator is given a data folder; this one keeps nothing.
    data: { type: "string" },
  },
});

const server = await createModelServer({
  port: Number(values.port),
  paceMs: Number(values.pace),
  ...(values.key ? { key: values.key } : {}),
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void server.close().then(() => process.exit(0));
  });
}
console.log(JSON.stringify({ ready: true, url: server.url }));
