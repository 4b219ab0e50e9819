import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { HOME, SHELL, environment } from "./environment";
import { MAX_OUTPUT, killGroup } from "./execute";
import { ToolboxError } from "./http";
import { takeFifo } from "./pipes";

export interface Command {
  id: string;
  command: string;
  exitCode?: number;
  /** Holds what it was asked and what it said. */
  folder: string;
  /**
   * A fifo, its standard input. Held open from the start: what is written into
   * one that nobody has open yet is gone when the writer closes it.
   */
  input: { path: string; handle: FileHandle };
  done: Promise<void>;
  finish(exitCode: number): void;
}

interface Session {
  id: string;
  shell: ChildProcess;
  commands: Map<string, Command>;
  ended: boolean;
}

/**
 * A session is one shell that lives on: what a command does to the directory
 * or the environment is there for the next. Each command is eval'd from a file,
 * so an unbalanced quote ends that command and not the session, and its exit
 * code comes back on a descriptor of its own.
 */
const sessions = new Map<string, Session>();
const ROOT = "/tmp/.sessions";
/** O_NONBLOCK: input nobody reads must not hold a thread of all file work. */
const INPUT = constants.O_RDWR | constants.O_NONBLOCK;

export function createSession(id: string): void {
  if (sessions.has(id)) {
    throw new ToolboxError(409, `session already exists: ${id}`);
  }
  const shell = spawn(SHELL, [], {
    cwd: HOME,
    env: environment,
    stdio: ["pipe", "ignore", "ignore", "pipe"],
    detached: true,
  });
  const session: Session = { id, shell, commands: new Map(), ended: false };
  sessions.set(id, session);
  const codes = createInterface({ input: shell.stdio[3] as Readable });
  codes.on("line", (line) => {
    const [commandId, code] = line.split(" ");
    session.commands.get(commandId ?? "")?.finish(Number(code));
  });
  const end = (code: number | null) => {
    session.ended = true;
    for (const command of session.commands.values()) command.finish(code ?? 1);
  };
  shell.once("exit", end);
  shell.once("error", () => end(1));
  // A command that ends the shell breaks the pipe under the next one.
  shell.stdin?.on("error", () => end(1));
}

export function requireSession(id: string): Session {
  const session = sessions.get(id);
  if (!session) throw new ToolboxError(404, `session not found: ${id}`);
  return session;
}

export function requireCommand(session: Session, id: string): Command {
  const command = session.commands.get(id);
  if (!command) throw new ToolboxError(404, `command not found: ${id}`);
  return command;
}

export function describeSession(session: Session) {
  return {
    sessionId: session.id,
    commands: [...session.commands.values()].map(describeCommand),
  };
}

export function describeCommand({ id, command, exitCode }: Command) {
  return exitCode === undefined ? { id, command } : { id, command, exitCode };
}

export function listSessions() {
  return [...sessions.values()].map(describeSession);
}

export async function runInSession(
  session: Session,
  text: string,
): Promise<Command> {
  if (session.ended) {
    throw new ToolboxError(410, "the session has ended", "SESSION_ENDED");
  }
  const id = randomUUID();
  const folder = join(ROOT, id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "command"), text);
  const path = await takeFifo();
  const input = { path, handle: await open(path, INPUT) };
  let resolve = () => {};
  const done = new Promise<void>((r) => (resolve = r));
  const command: Command = {
    id,
    command: text,
    folder,
    input,
    done,
    finish(exitCode) {
      if (command.exitCode !== undefined) return;
      command.exitCode = exitCode;
      void input.handle.close();
      resolve();
    },
  };
  session.commands.set(id, command);
  // <> opens the fifo without waiting for a writer.
  session.shell.stdin?.write(
    `eval "$(cat ${folder}/command)" <>${path} >${folder}/out 2>${folder}/err 3>&-\n` +
      `printf '%s %s\\n' ${id} $? >&3\n`,
  );
  return command;
}

export function commandLogs({ folder }: Command) {
  const stdout = readLog(join(folder, "out"));
  const stderr = readLog(join(folder, "err"));
  return { output: stdout + stderr, stdout, stderr };
}

function readLog(file: string): string {
  if (!existsSync(file)) return "";
  return readFileSync(file).subarray(-MAX_OUTPUT).toString();
}

export async function sendInput(command: Command, data: string) {
  if (command.exitCode !== undefined) {
    throw new ToolboxError(
      410,
      "the command has already completed",
      "COMMAND_ALREADY_COMPLETED",
    );
  }
  try {
    await command.input.handle.writeFile(data);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    throw new ToolboxError(400, "the command does not read its input");
  }
}

export function deleteSession(session: Session): void {
  killGroup(session.shell.pid);
  sessions.delete(session.id);
  for (const { folder, input } of session.commands.values()) {
    rmSync(input.path, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}
