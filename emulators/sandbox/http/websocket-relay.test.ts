import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cell } from "../executor/cell";
import type { Socket } from "./sockets";
import { Relay } from "./websocket-relay";

test("who sends faster than is read inside has to wait, and goes on", async () => {
  const dir = mkdtempSync(join(tmpdir(), "slipway-relay-"));
  const socket = join(dir, "cell.sock");
  const inside = Promise.withResolvers<Bun.ServerWebSocket<undefined>>();
  using server = Bun.serve({
    unix: socket,
    fetch: (request, server) => void server.upgrade(request),
    websocket: {
      open: (ws) => {
        ws.pause(); // it does not read
        inside.resolve(ws);
      },
      message: () => {},
    },
  });
  const request = new Request("http://x/", { headers: {} });
  const relay = await Relay.open(
    { socket } as unknown as Cell,
    "/port/1/",
    request,
    [],
    () => {},
  );
  const resumed = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let paused = false;
  relay.opened({
    pause: () => (paused = true),
    resume: () => resumed.resolve(),
    close: () => closed.resolve(),
  } as unknown as Socket);
  const piece = Buffer.alloc(1 << 20);
  let sent = 0;
  while (!paused && sent < 64) {
    relay.fromClient(piece);
    sent += 1;
    await Bun.sleep(0);
  }
  // What the kernel's own buffers take is some of it.
  expect(sent).toBeLessThan(16);
  (await inside.promise).resume();
  await resumed.promise;
  relay.clientClosed(1000, "");
  await closed.promise;
  void server;
  rmSync(dir, { recursive: true });
});
