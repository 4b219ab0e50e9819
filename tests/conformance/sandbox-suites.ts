/**
 * The suites about the wire, against a service that is there already:
 *
 *   DAYTONA_API_KEY=... bun tests/conformance/sandbox-suites.ts [--emulator] [suite...]
 *
 * DAYTONA_API_URL and DAYTONA_TARGET say which. With --emulator it is our own,
 * started as another process and known by its address and key alone. What is
 * made is named conformance-<run>-... and deleted at the end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const WIRE = ["lifecycle", "toolbox", "terminal", "preview", "answers"];

/** Suites that no real service can be put through, and why. */
const EMULATOR_ONLY: Record<string, string> = {
  behaviour: "sets how slow and how full the service is",
  contract: "sees every answer from within; answers is its part of the wire",
  cycles: "counts what a stop leaves on the host",
  egress: "has services of its own that sandboxes may reach",
  escape: "attacks the host, which must be ours",
  faults: "makes the service fail",
  isolation: "looks at processes of the host",
  limits: "sets the limits",
  "no-isolation": "takes the host's tools away",
  operator: "uses routes for whoever runs the server",
  restart: "kills the server",
  snapshot: "plays builds, and lets them fail",
  warm: "sets the size of the warm pool",
};

const { values, positionals } = parseArgs({
  options: { emulator: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !WIRE.includes(name));
if (unknown.length > 0) {
  const why = unknown.map(
    (n) => `${n}: ${EMULATOR_ONLY[n] ?? "no such suite"}`,
  );
  console.error(`${why.join("\n")}\nSuites: ${WIRE.join(", ")}`);
  process.exit(1);
}
const suites = positionals.length > 0 ? positionals : WIRE;

const emulator = values.emulator ? await startEmulator() : null;
try {
  const env = {
    ...process.env,
    ...emulator?.env,
    SLIPWAY_CONFORMANCE_DAYTONA: "1",
  } as Record<string, string>;
  if (!env.DAYTONA_API_KEY) {
    console.error("Set DAYTONA_API_KEY, or give --emulator.");
    process.exitCode = 1;
  } else {
    console.log(`Against ${env.DAYTONA_API_URL || "Daytona"}: ${suites}`);
    for (const [name, why] of Object.entries(EMULATOR_ONLY)) {
      console.log(`(skip) sandbox-${name} [the emulator only: ${why}]`);
    }
    const files = suites.map((name) =>
      join(import.meta.dir, `sandbox-${name}.test.ts`),
    );
    const run = Bun.spawn([process.execPath, "test", ...files], {
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    process.exitCode = await run.exited;
    const left = (await emulator?.left()) ?? [];
    if (left.length > 0) {
      console.error(`Left behind: ${left.join(", ")}`);
      process.exitCode = 1;
    }
  }
} finally {
  await emulator?.stop();
}

/** As a stranger's server: another process, an address and a key. */
async function startEmulator() {
  const folder = mkdtempSync(join(tmpdir(), "sandbox-suites-"));
  const key = crypto.randomUUID();
  const main = join(import.meta.dir, "../../emulators/sandbox/main.ts");
  const child = Bun.spawn(
    [
      ...[process.execPath, main, "--data", join(folder, "data")],
      ...["--snapshots", join(folder, "snapshots")],
    ],
    {
      env: { ...process.env, SANDBOX_API_KEY: key },
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  if (!value) {
    await stop();
    throw new Error("the emulator did not start; run it by hand to see why");
  }
  const { url } = JSON.parse(new TextDecoder().decode(value)) as {
    url: string;
  };
  const env = {
    DAYTONA_API_URL: url,
    DAYTONA_API_KEY: key,
    DAYTONA_TARGET: "",
  };
  /** Names of the sandboxes there are; a run deletes all of its own. */
  const left = async () => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${url}/sandbox`, { headers });
    const { items } = (await answer.json()) as { items: { name: string }[] };
    return items.map(({ name }) => name);
  };
  return { env, stop, left };
}
