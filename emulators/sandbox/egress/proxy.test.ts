import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EgressPolicy } from "./policy";
import { MAX_OPEN, startEgressProxy } from "./proxy";

const dir = mkdtempSync(join(tmpdir(), "slipway-egress-"));
const path = join(dir, "egress.sock");
const nobody = {
  decide: async () => ({ allowed: false, why: "No." }),
} as unknown as EgressPolicy;

let close = () => {};
afterEach(() => {
  close();
  rmSync(dir, { recursive: true, force: true });
});

/** Connects, never closes by itself, and tells what became of it. */
function hold(says: string): { socket: Socket; gone: Promise<string> } {
  const socket = connect({ path, allowHalfOpen: true });
  let heard = "";
  socket.on("data", (chunk) => (heard += String(chunk)));
  socket.on("error", () => {});
  socket.on("end", () => says && socket.end());
  socket.on("connect", () => socket.write(says));
  const gone = new Promise<string>((resolve) =>
    socket.on("close", () => resolve(heard)),
  );
  return { socket, gone };
}

test("whoever is refused, or is too many, holds no connection", async () => {
  const { close: end } = await startEgressProxy(path, nobody, "s");
  close = end;
  const silent = Array.from({ length: MAX_OPEN }, () => hold(""));
  await Promise.all(
    silent.map(({ socket }) => new Promise((ok) => socket.on("connect", ok))),
  );
  expect(await hold("GET http://x/ HTTP/1.1\r\n\r\n").gone).toBe("");

  // One that asks is answered, and is shown out although it does not go.
  const [first] = silent;
  first?.socket.write("GET http://x/ HTTP/1.1\r\n\r\n");
  let heard = "";
  while (heard === "") {
    await Bun.sleep(50); // its place is free once it is gone
    heard = await hold("GET http://x/ HTTP/1.1\r\n\r\n").gone;
  }
  expect(heard).toStartWith("HTTP/1.1 403 Forbidden");
  for (const { socket } of silent) socket.destroy();
});
