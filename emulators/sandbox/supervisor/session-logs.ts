import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { WebSocket } from "ws";
import type { Command } from "./sessions";

const STDOUT = Buffer.from([1, 1, 1]);
const STDERR = Buffer.from([2, 2, 2]);
const CHUNK = 64 * 1024;
const LOOK_MS = 30;
/** A reader who lags this far behind is waited for: the log is in a file. */
const MAX_UNSENT = 1024 * 1024;

/** Sends one stream's bytes, marked as the wire wants it. */
export function sendMarked(
  socket: WebSocket,
  stream: "stdout" | "stderr",
  chunk: Buffer,
): void {
  const mark = stream === "stdout" ? STDOUT : STDERR;
  socket.send(Buffer.concat([mark, chunk]));
}

/** A command's output from its beginning to its end, then closes. */
export function followCommand(command: Command, socket: WebSocket): void {
  const ends = (["stdout", "stderr"] as const).map((stream) => {
    const file = join(command.folder, stream === "stdout" ? "out" : "err");
    return { stream, file, at: 0 };
  });
  let over = false;
  const look = () => {
    // Asked before reading: what was written before the end is still sent.
    const ended = command.exitCode !== undefined;
    for (const end of ends) {
      while (socket.bufferedAmount < MAX_UNSENT) {
        const chunk = readFrom(end.file, end.at);
        if (chunk.length === 0) break;
        end.at += chunk.length;
        sendMarked(socket, end.stream, chunk);
      }
    }
    if (ended && socket.bufferedAmount < MAX_UNSENT) finish();
  };
  const timer = setInterval(look, LOOK_MS);
  const finish = () => {
    if (over) return;
    over = true;
    clearInterval(timer);
    socket.close(1000);
  };
  socket.once("close", () => clearInterval(timer));
  void command.done.then(look);
  look();
}

function readFrom(file: string, at: number): Buffer {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (error) {
    // Not begun yet, or its session was deleted: there is nothing to read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return Buffer.alloc(0);
    }
    throw error;
  }
  try {
    const chunk = Buffer.alloc(CHUNK);
    return chunk.subarray(0, readSync(fd, chunk, 0, CHUNK, at));
  } finally {
    closeSync(fd);
  }
}
