import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
} from "node:fs";
import { Socket } from "node:net";

/**
 * Real pipes for the output of commands. Node's own are sockets, on which
 * `> /dev/stderr` fails; a file would be emptied by it. Node cannot make a
 * pipe, mkfifo can: a few are kept ready, since starting it takes milliseconds.
 */
const FOLDER = "/run/pipes";
const BATCH = 16;
const ready: string[] = [];
let filling: Promise<void> | null = null;

/** Path of a new fifo, the caller's to remove. */
export async function takeFifo(): Promise<string> {
  for (;;) {
    const path = ready.pop();
    if (path !== undefined) return path;
    filling ??= fill().finally(() => (filling = null));
    await filling;
  }
}

function fill(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const names = Array.from(
    { length: BATCH },
    () => `${FOLDER}/${randomUUID()}`,
  );
  return new Promise((resolve, reject) => {
    execFile("mkfifo", ["-m", "600", ...names], (error) => {
      if (error) return reject(error);
      ready.push(...names);
      resolve();
    });
  });
}

export interface OutputPipe {
  /** For the child's stdio. */
  writeFd: number;
  /** Once the child has it. */
  started(): void;
  /**
   * Hands over what the child had written by the time it ended. The pipe stays
   * open and is emptied for as long as something it left behind writes: closing
   * it would kill that at its next word.
   */
  drain(): void;
}

export async function outputPipe(
  onData: (chunk: Buffer) => void,
): Promise<OutputPipe> {
  const path = await takeFifo();
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  unlinkSync(path);
  let listen = true;
  const reader = new Socket({ fd: readFd, readable: true, writable: false });
  reader.on("data", (chunk: Buffer) => {
    if (listen) onData(chunk);
  });
  // Nobody is left to hear of a failing pipe, and the command's end tells more.
  reader.on("error", () => reader.destroy());
  return {
    writeFd,
    started: () => closeSync(writeFd),
    drain() {
      for (const chunk of unread(readFd, reader)) onData(chunk);
      listen = false;
      reader.unref();
    },
  };
}

function* unread(fd: number, reader: Socket): Generator<Buffer> {
  while (!reader.closed && !reader.readableEnded) {
    const chunk = Buffer.alloc(64 * 1024);
    try {
      const n = readSync(fd, chunk);
      if (n === 0) return;
      yield chunk.subarray(0, n);
    } catch (error) {
      // EAGAIN: empty for now. EBADF: the reader has closed it at its end.
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN" || code === "EBADF") return;
      throw error;
    }
  }
}
