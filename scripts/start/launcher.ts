import { readFileSync } from "node:fs";

/** How soon the end of the launcher is noticed. */
const LOOK_EVERY_MS = 300;

type Running = { pid: number; parent: number; began: string; command: string };

/**
 * Calls back when whoever ran `npx bun start` has ended. npm does not pass
 * signals on: without this, `kill` of the process a person or a service manager
 * started would leave the product running behind its back.
 *
 * Only the chain npx, shell, bun above this process counts; a terminal that is
 * closed says so by SIGHUP. Does nothing where there is no /proc.
 */
export function onLauncherGone(callback: () => void): void {
  const launcher = findLauncher(process.ppid);
  if (!launcher) return;
  const timer = setInterval(() => {
    const now = look(launcher.pid);
    // Its number may have gone to another process meanwhile.
    if (now?.began === launcher.began) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}

function findLauncher(pid: number): Running | null {
  let found: Running | null = null;
  for (let next = look(pid); next; next = look(next.parent)) {
    if (!isLauncher(next.command)) break;
    found = next;
  }
  return found;
}

/** `npm exec bun@1.4.5 start`, `sh -c 'bun' start`, `bun start`, `bun run start`. */
export function isLauncher(command: string): boolean {
  return (
    /^npm (exec|x) /.test(command) ||
    /\bnpx(-cli\.js)? /.test(command) ||
    /^(\S*\/)?(ba|da)?sh -c .*\bbun\b/.test(command) ||
    /^(\S*\/)?bun(\.exe)? (run )?(start|dev)\b/.test(command)
  );
}

function look(pid: number): Running | null {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in the second field may hold spaces and brackets; what follows not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parent] = fields;
    if (state === "Z") return null;
    return {
      pid,
      parent: Number(parent),
      began: fields[19] ?? "",
      command: command.replaceAll("\0", " "),
    };
  } catch (error) {
    // No such process, or no /proc at all: not running as far as we can tell.
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}
