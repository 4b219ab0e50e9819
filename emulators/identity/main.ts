import { parseArgs } from "node:util";
import { createIdentity } from ".";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    data: { type: "string" },
  },
});
if (!values.data) {
  process.stderr.write(
    "usage: bun emulators/identity/main.ts --data DIR [--port N]\n",
  );
  process.exit(2);
}

const identity = await createIdentity({
  port: Number(values.port),
  dataDir: values.data,
});
const { url, issuer, jwks } = identity;
process.stdout.write(`${JSON.stringify({ ready: true, url, issuer, jwks })}\n`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void identity.close().then(() => process.exit(0));
  });
}
