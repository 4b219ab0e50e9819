import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OptionError } from "./options";
import { ask, run } from "./run";
import { say, warn, type Progress } from "./terminal";

/** @throws OptionError with the command to run when Node is missing or too old. */
export function checkNode(): string {
  const version = ask(["node", "--version"]);
  const [major = 0, minor = 0] = (version ?? "v0.0")
    .slice(1)
    .split(".")
    .map(Number);
  if (major > 20 || (major === 20 && minor >= 9)) return `Node ${version}`;
  throw new OptionError(
    `Slipway needs Node 20.9 or newer${version ? `, this one is ${version}` : ""}. Take it from nodejs.org, or from your system where that is new enough (Debian 13, Ubuntu 26.04: sudo apt-get install nodejs npm).`,
  );
}

/** Debian or Ubuntu, as root: what is missing can be installed. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && isDebian() && Bun.which("apt-get") != null;
}

function isDebian(): boolean {
  const release = "/etc/os-release";
  return (
    existsSync(release) &&
    /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync(release, "utf8"))
  );
}

function aptCommand(packages: string): string {
  return `sudo apt-get update && sudo apt-get install -y ${packages}`;
}

/**
 * Installs a Debian package where that is possible, else answers the command
 * that would.
 */
export async function installPackage(
  name: string,
  progress?: Progress,
): Promise<{ ok: true } | { ok: false; remedy: string }> {
  const remedy = `Run: ${aptCommand(name)}`;
  if (!canInstall()) return { ok: false, remedy };
  say(`  ${name} is missing: installing it with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () =>
    run(["apt-get", "install", "-y", "--no-install-recommends", name], {
      env,
      progress,
    });
  let done = await install();
  if (!done.ok) {
    // A fresh machine has no package lists yet.
    await run(["apt-get", "update"], { env, progress });
    done = await install();
  }
  if (done.ok) return { ok: true };
  return { ok: false, remedy: `${remedy}\n${done.output}` };
}

/**
 * The programs of the system that embedded parts run: what each is for, and
 * whether it is there, or was installed just now. Missing ones are said with
 * the command that brings them.
 *
 * @throws OptionError with that command, and how to go without, where a part
 *   would not start.
 */
export async function ensurePrograms(
  programs: readonly Program[],
  progress: Progress,
  install: typeof installPackage = installPackage,
): Promise<string> {
  const words: string[] = [];
  for (const { program, name, without, instead } of programs) {
    if (Bun.which(program)) {
      words.push(name);
      continue;
    }
    const installed = await install(name, progress);
    if (!installed.ok && instead) {
      throw new OptionError(
        `${name} is missing: ${without} ${installed.remedy}\n${instead}`,
      );
    }
    words.push(`${name} ${installed.ok ? "installed just now" : "missing"}`);
    if (!installed.ok)
      warn(`${name} is missing: ${without} ${installed.remedy}`);
  }
  return words.join(", ");
}

export type Program = {
  program: string;
  name: string;
  without: string;
  /** Its part does not start without it; what to set to run without that part. */
  instead?: string;
};

const GITHUB = {
  host: "github.com",
  gitUrl: "https://github.com",
  archiveUrl: "https://codeload.github.com",
};

export const GIT: Program = {
  program: "git",
  name: "git",
  without: "the example skills and your own cannot be served.",
  instead: `Or go without them, with skills of github.com alone: SLIPWAY_GIT_HOSTS='${JSON.stringify([GITHUB])}'`,
};

export const BUBBLEWRAP: Program = {
  program: "bwrap",
  name: "bubblewrap",
  without: "no sandbox can be started.",
};

/** Says what local sandboxes need where they cannot run. */
export function checkSystem(): void {
  if (process.platform === "linux") return;
  warn(
    "Local sandboxes need Linux. Use a Linux virtual machine, or set DAYTONA_API_URL and DAYTONA_API_KEY to use Daytona.",
  );
}

/** Whether the checkout has its dependencies for this very lock file. */
export function installStamp(root: string): string {
  return join(root, "node_modules", ".slipway-install");
}
