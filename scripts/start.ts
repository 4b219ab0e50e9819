/**
 * `bun start`: installs, builds and runs the whole product, then keeps it
 * running. On a fresh clone nothing is installed yet, so this file and
 * everything under scripts/start/ import nothing but built-in modules before
 * that is done (bare.test.ts).
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lookAtExamples } from "./start/examples";
import { onLauncherGone } from "./start/launcher";
import { readHolder, tryLock, writeHolder } from "./start/lock";
import {
  OptionError,
  readOptions,
  requireReadable,
  ROOT,
  type Options,
} from "./start/options";
import {
  backendPart,
  identityPart,
  modelPart,
  PORT_NAMES,
  relayPart,
  sandboxPart,
  skillhostPart,
  webPart,
  type Issuer,
  type Plan,
} from "./start/parts";
import { choosePorts, isFree } from "./start/ports";
import {
  buildPages,
  installDependencies,
  prepareSnapshot,
  withCheckoutLock,
  type Snapshot,
} from "./start/prepare";
import { askHereDirectly } from "./start/proxies";
import {
  BUBBLEWRAP,
  checkNode,
  checkSystem,
  ensurePrograms,
  GIT,
} from "./start/prerequisites";
import { lookAtHost } from "./start/sandboxes";
import { endGroups, hasGroups } from "./start/run";
import { keepSecrets } from "./start/secrets";
import { GRACE_MS, Supervisor } from "./start/supervisor";
import {
  bold,
  complain,
  dim,
  say,
  seconds,
  step,
  warn,
} from "./start/terminal";

const startedAt = performance.now();

async function main(): Promise<void> {
  askHereDirectly(process.env);
  const options = readOptions(process.env, process.argv.slice(2));
  openDataFolder(options.dataDir);
  const lock = tryLock(join(options.dataDir, "lock.sqlite"));
  if (!lock) throw new OptionError(nameHolder(options.dataDir));
  const supervisor = new Supervisor(join(options.dataDir, "logs"));
  const stopped = stopOnSignal(supervisor, lock.release);

  if (options.port !== 0) await requireFree(options.port);
  let url = `port ${options.port}, not serving yet`;
  supervisor.onChange = () => note(options, url, supervisor);
  supervisor.onChange();
  say(bold("Slipway") + dim(` in ${options.dataDir}`));

  const { snapshot, distDir } = await prepare(options);
  const agentProblem =
    snapshot?.agent.ok === false ? snapshot.agent.reason : null;
  const planned = {
    options,
    distDir,
    secrets: keepSecrets(options.dataDir),
    relaySecret: randomBytes(32).toString("base64url"),
    snapshot: snapshot?.name ?? "",
    version: readVersion(),
    agentProblem,
  };
  url = await startOnFreePorts(planned, supervisor);
  supervisor.onChange();

  if (agentProblem) {
    warn(`No agent in the sandboxes: ${agentProblem}`);
  }
  say("");
  say(
    `Slipway is ready on ${url} ${dim(`(${seconds(performance.now() - startedAt)}; Ctrl-C stops it, data stays in ${options.dataDir})`)}`,
  );
  await stopped;
}

async function prepare(
  options: Options,
): Promise<{ snapshot: Snapshot | null; distDir: string }> {
  const embedded = !options.cloud;
  await step("check", checkNode, (node) => node);
  if (embedded) {
    const { replaced } = options;
    if (!replaced.sandboxes) checkSystem();
    const programs = [
      ...(replaced.skills ? [] : [GIT]),
      ...(replaced.sandboxes ? [] : [BUBBLEWRAP]),
    ];
    await step(
      "system",
      (progress) => ensurePrograms(programs, progress),
      (what) => what,
    );
  }
  const pages = async () => {
    await step("dependencies", installTogether, (what) => what);
    await requireReadable(process.env);
    if (options.dev) return ".next/dev-server";
    const built = await step("pages", buildTogether, ({ reused }) =>
      reused ? "built before" : "built",
    );
    return built.distDir;
  };
  const snapshot = () =>
    embedded && !options.replaced.sandboxes
      ? step(
          "sandbox snapshot",
          (progress) => prepareSnapshot(options.snapshotsDir, progress),
          (made) =>
            `${made.agent.ok ? `agent ${made.agent.version}` : "without the agent"}${made.reused ? ", made before" : ""}`,
        )
      : null;
  const [distDir, made] = await Promise.all([pages(), snapshot()]);
  return { distDir, snapshot: made };
}

const installTogether = (progress: (text: string) => void) =>
  withCheckoutLock(progress, () => installDependencies(progress));
const buildTogether = (progress: (text: string) => void) =>
  withCheckoutLock(progress, () => buildPages(progress));

/**
 * Starts every part. A port that was free when it was chosen can be gone when
 * its part binds it: then all parts are started again on others. Answers the
 * address of the pages.
 */
async function startOnFreePorts(
  planned: Omit<Plan, "ports" | "webPort">,
  supervisor: Supervisor,
): Promise<string> {
  const { dataDir, port } = planned.options;
  for (let tries = 1; ; tries += 1) {
    const { web, ...ports } = await choosePorts(dataDir, [
      ...PORT_NAMES,
      "web",
    ]);
    const webPort = port || web;
    try {
      await startParts({ ...planned, ports, webPort }, supervisor);
      return `http://127.0.0.1:${webPort}`;
    } catch (error) {
      await supervisor.stopChildren();
      const free = await Promise.all(
        [webPort, ...Object.values(ports)].map(isFree),
      );
      if (tries === 3 || free.every(Boolean)) throw error;
      warn("Another program took a port meanwhile: choosing others");
    }
  }
}

async function startParts(plan: Plan, supervisor: Supervisor): Promise<void> {
  const { replaced, cloud, clerkIssuer } = plan.options;
  if (!cloud) {
    const beside = async () => {
      const parts = [
        relayPart(plan),
        ...(replaced.skills ? [] : [skillhostPart(plan)]),
        ...(replaced.models ? [] : [modelPart(plan)]),
      ];
      await Promise.all([
        ...parts.map((part) => step(part.name, () => supervisor.start(part))),
        ...(replaced.sandboxes ? [] : [sandboxes()]),
      ]);
    };
    const sandboxes = async () => {
      const part = sandboxPart(plan);
      const { url } = await step(part.name, () => supervisor.start(part));
      await warnOfHost(url);
    };
    const backend = async () => {
      const issuer = clerkIssuer
        ? null
        : await step("identity", () => supervisor.start(identityPart(plan)));
      await step("backend", () =>
        supervisor.start(backendPart(plan, issuer as Issuer | null)),
      );
    };
    await Promise.all([beside(), backend()]);
  }
  await Promise.all([
    step("web", () => supervisor.start(webPart(plan))),
    ...(cloud || replaced.skills ? [] : [listExamples(plan)]),
  ]);
}

/** Launches say the same where they fail, so a failure to ask is told and no more. */
async function warnOfHost(url: string): Promise<void> {
  try {
    (await lookAtHost(url)).forEach(warn);
  } catch (error) {
    warn(`The sandbox server does not say what holds here: ${String(error)}`);
  }
}

/** Launching works without them, so a failure is told and no more. */
async function listExamples({ ports }: Plan): Promise<void> {
  try {
    await step(
      "example skills",
      () => lookAtExamples(`http://127.0.0.1:${ports.backend}`),
      (count) => `${count} listed`,
    );
  } catch (error) {
    warn(`The home page lists no examples: ${String(error)}`);
  }
}

function openDataFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o711 });
  // Sandboxes run as other users and pass through to their homes and snapshots;
  // they can list nothing here, and enter nothing else.
  chmodSync(dir, 0o711);
  for (const name of ["backend", "identity", "logs", "model", "skillhost"]) {
    mkdirSync(join(dir, name), { recursive: true });
    chmodSync(join(dir, name), 0o700);
  }
}

function nameHolder(dataDir: string): string {
  const holder = readHolder(join(dataDir, "supervisor.json"));
  const who = holder
    ? `${holder.url}, process ${holder.pid}, since ${holder.startedAt}`
    : "another process";
  return `Slipway is already running on this data folder: ${who}. Use that one, stop it with Ctrl-C (or: kill ${holder?.pid ?? "its process"}), or set SLIPWAY_DATA_DIR to another folder.`;
}

async function requireFree(port: number): Promise<void> {
  if (await isFree(port)) return;
  throw new OptionError(
    `Port ${port} is in use by another program. Choose another one: PORT=${port + 1} npx -y bun@1.4.5 start`,
  );
}

function note(options: Options, url: string, supervisor: Supervisor): void {
  writeHolder(join(options.dataDir, "supervisor.json"), {
    pid: process.pid,
    url,
    startedAt: new Date(Date.now() - performance.now()).toISOString(),
    parts: supervisor.pids(),
  });
}

function readVersion(): string {
  const text = readFileSync(join(ROOT, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Settles, and ends this process, when a signal asked for the end. */
function stopOnSignal(
  supervisor: Supervisor,
  release: () => void,
): Promise<void> {
  return new Promise(() => {
    let asked = false;
    const stop = async (signal: string, code: number) => {
      if (asked) return;
      asked = true;
      const busy = supervisor.hasChildren || hasGroups();
      if (busy) say(`\n${signal}: stopping`);
      const since = performance.now();
      await Promise.all([supervisor.stop(), endGroups(GRACE_MS)]);
      release();
      if (busy) say(dim(`stopped in ${seconds(performance.now() - since)}`));
      process.exit(code);
    };
    process.on("SIGINT", () => void stop("Ctrl-C", 0));
    process.on("SIGTERM", () => void stop("SIGTERM", 0));
    process.on("SIGHUP", () => void stop("SIGHUP", 0));
    onLauncherGone(() => void stop("What started Slipway has ended", 0));
    endWith = (code) => stop("Failed", code);
  });
}

let endWith = async (code: number): Promise<void> => process.exit(code);

try {
  await main();
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
  await endWith(1);
}
