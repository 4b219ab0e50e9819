import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isolated } from "../../tests/isolated";
import { ROOT } from "../start/options";
import {
  buildPages,
  contentHash,
  installDependencies,
  prepareSnapshot,
  withCheckoutLock,
} from "../start/prepare";
import { installPackage } from "../start/prerequisites";
import { run } from "../start/run";
import type { Progress } from "../start/terminal";

/** What came of a stage. One that counts no tests counts as one itself. */
export type Outcome = {
  passed: number;
  failed: number;
  skipped: number;
  said: string;
  /** Shown when something failed. */
  output: string;
};

export type Stage = {
  name: string;
  /** What it is for; without it the later stages make no sense. */
  needed?: boolean;
  run(progress: Progress): Promise<Outcome>;
};

const BIN = join(ROOT, "node_modules");
const SNAPSHOTS = join(ROOT, ".slipway", "snapshots");

export const STAGES: Stage[] = [
  { name: "dependencies", needed: true, run: installStage },
  { name: "system packages", run: packagesStage },
  command("format", [process.execPath, "fmt", "--check"]),
  command("lint", [
    ...["node", join(BIN, "eslint/bin/eslint.js")],
    ...["--max-warnings", "0", "."],
  ]),
  { name: "generated code", run: codegenStage },
  { name: "types", run: typesStage },
  // The limit ends what hangs; on a busy machine a test of seconds takes its time.
  tests("unit and conformance tests", ["test", "--timeout", "60000"]),
  // In a process of its own: it puts a modelled world in the place of modules.
  separateTests("simulation", "simulation", ".sim.ts"),
  { name: "product", run: productStage },
  // Side by side: those that cut and kill things mostly wait for leases to end.
  separateTests("browser tests", "e2e", ".e2e.ts", [
    "admission",
    "crashes",
    "faults",
    "replace-faults",
  ]),
];

async function installStage(progress: Progress): Promise<Outcome> {
  const what = await withCheckoutLock(progress, () =>
    installDependencies(progress),
  );
  return passed(what);
}

/** What the product needs beside Node, and the browser its tests drive. */
async function packagesStage(progress: Progress): Promise<Outcome> {
  const wanted = [
    { name: "bubblewrap", program: "bwrap" },
    { name: "chromium", program: "chromium" },
  ];
  const words: string[] = [];
  const remedies: string[] = [];
  for (const { name, program } of wanted) {
    if (Bun.which(program)) continue;
    const installed = await installPackage(name, progress);
    if (installed.ok) words.push(`${name} installed`);
    else remedies.push(`${name} is missing. ${installed.remedy}`);
  }
  if (remedies.length > 0) return failed("", remedies.join("\n"));
  return passed(words.join(", "));
}

/** Generated files must be what the generator makes of convex/ as it is now. */
async function codegenStage(progress: Progress): Promise<Outcome> {
  const before = contentHash(["convex/_generated"]);
  const { ok, output } = await run([process.execPath, "scripts/codegen.ts"], {
    cwd: ROOT,
    progress,
  });
  if (!ok) return failed("", output);
  if (contentHash(["convex/_generated"]) === before)
    return passed("up to date");
  return failed(
    "",
    "convex/_generated was out of date. It is up to date now: commit it.",
  );
}

async function typesStage(progress: Progress): Promise<Outcome> {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  const routes = await run(
    ["node", join(BIN, "next/dist/bin/next"), "typegen"],
    { cwd: ROOT, env, progress },
  );
  if (!routes.ok) return failed("", routes.output);
  const checked = await run(
    ["node", join(BIN, "typescript/bin/tsc"), "--noEmit"],
    { cwd: ROOT, env, progress },
  );
  return checked.ok ? passed("") : failed("", checked.output);
}

/** Builds what the browser tests start, so that each of them starts in seconds. */
async function productStage(progress: Progress): Promise<Outcome> {
  const [built, snapshot] = await Promise.all([
    withCheckoutLock(progress, () => buildPages(progress)),
    prepareSnapshot(SNAPSHOTS, progress),
  ]);
  const pages = built.reused ? "pages built before" : "pages built";
  return snapshot.agent.ok
    ? passed(`${pages}, agent ${snapshot.agent.version}`)
    : failed("", `The agent cannot be installed: ${snapshot.agent.reason}`);
}

/**
 * Files of a folder under tests/ that a plain `bun test` leaves alone; those named
 * in `beside` run in a second process at the same time.
 */
function separateTests(
  name: string,
  folder: string,
  ending: string,
  beside: string[] = [],
): Stage {
  const dir = join(ROOT, "tests", folder);
  const files = existsSync(dir)
    ? readdirSync(dir)
        .filter((file) => file.endsWith(ending))
        .sort()
    : [];
  const second = new Set(beside.map((file) => file + ending));
  const shares = [
    files.filter((file) => !second.has(file)),
    files.filter((file) => second.has(file)),
  ];
  return tests(
    name,
    ...shares
      .filter((share) => share.length > 0)
      .map((share) => [
        // The ignore list of bunfig.toml keeps these out of a plain `bun test`.
        ...["test", "--path-ignore-patterns", "node_modules/**"],
        ...["--timeout", "180000"],
        ...share.map((file) => `./tests/${folder}/${file}`),
      ]),
  );
}

function tests(name: string, ...lines: string[][]): Stage {
  return {
    name,
    async run(progress) {
      const env = {
        ...isolated(process.env),
        SLIPWAY_SNAPSHOTS_DIR: SNAPSHOTS,
        // What works on the smallest deployment works on a larger one.
        SLIPWAY_BACKEND_CLASS: process.env.SLIPWAY_BACKEND_CLASS || "smallest",
      };
      const outcomes = await Promise.all(
        lines.map(async (args) => {
          const ran = await run([process.execPath, ...args], {
            cwd: ROOT,
            env,
            progress,
            keep: 20_000,
          });
          return readSummary(ran.output, ran.ok);
        }),
      );
      return outcomes.reduce(together);
    },
  };
}

/** What came of two runs of one stage. */
function together(a: Outcome, b: Outcome): Outcome {
  const passed = a.passed + b.passed;
  const failed = a.failed + b.failed;
  return {
    passed,
    failed,
    skipped: a.skipped + b.skipped,
    said: `${passed} passed, ${failed} failed`,
    output: a.output + b.output,
  };
}

// eslint-disable-next-line no-control-regex -- colours, wherever they come from
const ANSI = /\u001b\[[\d;]*m/g;

/**
 * The counts that close Bun's test output. A run that failed without a failed
 * test (a file that does not load, a crash, no test at all) counts as one.
 */
export function readSummary(output: string, ok: boolean): Outcome {
  const plain = output.replace(ANSI, "");
  const count = (word: string) => {
    const found = [...plain.matchAll(new RegExp(`^ *(\\d+) ${word}s?$`, "gm"))];
    return Number(found.at(-1)?.[1] ?? 0);
  };
  const counts = { passed: count("pass"), skipped: count("skip") };
  let failures = count("fail") + count("error");
  if (failures === 0 && (!ok || counts.passed === 0)) failures = 1;
  return {
    ...counts,
    failed: failures,
    said: `${counts.passed} passed, ${failures} failed`,
    output: failures > 0 ? failuresOf(plain) : "",
  };
}

/** The part of the output worth reading: what was said of each failure. */
function failuresOf(output: string): string {
  const told: string[] = [];
  let block: string[] = [];
  for (const line of output.split("\n")) {
    // What a test says comes before its own line; its file's name before all.
    if (line.startsWith("(pass)") || line.startsWith("(skip)")) block = [];
    else block.push(line);
    if (/^\(fail\)|^-{20,}$/.test(line)) {
      told.push(...block);
      block = [];
    }
  }
  return [...told, ...block].slice(-400).join("\n");
}

function command(name: string, line: string[]): Stage {
  return {
    name,
    async run(progress) {
      const ran = await run(line, { cwd: ROOT, progress });
      return ran.ok ? passed("") : failed("", ran.output);
    },
  };
}

function passed(said: string): Outcome {
  return { passed: 1, failed: 0, skipped: 0, said, output: "" };
}

export function failed(said: string, output: string): Outcome {
  return { passed: 0, failed: 1, skipped: 0, said, output };
}
