import { parseArgs } from "node:util";
import { createSkillHost } from ".";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    data: { type: "string" },
    examples: { type: "string" },
    skills: { type: "string" },
  },
});
if (!values.data) {
  process.stderr.write(
    "usage: bun emulators/skillhost/main.ts --data DIR [--port N] [--examples DIR] [--skills DIR]\n",
  );
  process.exit(2);
}

const host = await createSkillHost({
  port: Number(values.port),
  dataDir: values.data,
  examplesDir: values.examples,
  skillsDir: values.skills,
});
process.stdout.write(`${JSON.stringify({ ready: true, url: host.url })}\n`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void host.close().then(() => process.exit(0));
  });
}
