import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** What isolation costs by itself: bubblewrap, the same walls, one shell command. */
export async function bareIsolated(home: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  const walls = [
    ["--unshare-all", "--die-with-parent", "--new-session"],
    ["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"],
    ["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"],
    ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    ["--bind", home, "/home", "--chdir", "/home"],
  ].flat();
  await ran("bwrap", [...walls, "/bin/sh", "-c", "echo hi"]);
}

/** The same with a runtime in it, as every sandbox has: Node, and one command. */
export async function bareIsolatedNode(home: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  const code = "require('child_process').execSync('echo hi')";
  const walls = [
    ["--unshare-all", "--die-with-parent", "--new-session"],
    ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"],
    ["--tmpfs", "/tmp", "--bind", home, "/mnt", "--chdir", "/mnt"],
  ].flat();
  await ran("bwrap", [...walls, process.env.NODE ?? "node", "-e", code]);
}

export function bareExec(): Promise<void> {
  return ran("/bin/bash", ["-c", "echo hi"]);
}

export function unpack(archive: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  return ran("tar", ["-xzf", archive, "-C", into]);
}

export function copy(from: string, folder: string): Promise<void> {
  return ran("cp", [from, join(folder, "copied")]);
}

/**
 * A terminal on this machine: what one character typed takes to come back. Bun's
 * own, since node-pty needs Node.
 */
export function barePty(): { echo(): Promise<void>; close(): void } {
  let heard = () => {};
  const terminal = { cols: 80, rows: 24, data: () => heard() };
  const child = Bun.spawn(["/bin/cat"], { terminal });
  return {
    echo: () =>
      new Promise((resolve) => {
        heard = resolve;
        child.terminal?.write("x");
      }),
    close() {
      child.kill("SIGKILL");
      child.terminal?.close();
    },
  };
}

function ran(file: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.resume();
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended: ${code}`)),
    );
  });
}
