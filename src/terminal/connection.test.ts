import { afterEach, expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import { failure } from "@convex/model/errors";
import { ConvexError } from "convex/values";
import { TerminalConnection, type ConnectionState } from "./connection";

/** A relay that says what a test wants it to. */
function startRelay() {
  const heard: unknown[] = [];
  const sockets: ServerWebSocket<undefined>[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response("no"),
    websocket: {
      open: (socket) => void sockets.push(socket),
      message: (_socket, message) =>
        void heard.push(
          typeof message === "string" ? JSON.parse(message) : `${message}`,
        ),
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, heard, sockets, server };
}

let stop: (() => void)[] = [];
afterEach(() => {
  for (const one of stop) one();
  stop = [];
});

function start(
  ticket = async () => `ticket-${(tickets += 1)}`,
  times = { every: 60_000, patience: 60_000 },
  size = { cols: 80, rows: 24 },
) {
  const relay = startRelay();
  const states: ConnectionState[] = [];
  const connection = new TerminalConnection(
    {
      relayUrl: relay.url,
      ticket,
      size: () => size,
      onState: (state) => void states.push(state),
      onBytes: (_bytes, painted) => painted(),
    },
    "the-name",
    times,
  );
  stop.push(
    () => connection.leave(),
    () => void relay.server.stop(true),
  );
  const kind = () => states.at(-1)?.kind;
  return { relay, states, connection, kind };
}
let tickets = 0;

async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`Not so: ${String(what)}`);
    await Bun.sleep(5);
  }
}

const ready = JSON.stringify({ type: "ready", resumed: false });

test("the ticket is the first message; keys wait until it is ready", async () => {
  const { relay, connection, kind } = start();
  void connection.connect();
  connection.type("too early");
  await until(() => relay.heard.length === 1);
  expect(relay.heard).toEqual([
    { ticket: `ticket-${tickets}`, terminal: "the-name", cols: 80, rows: 24 },
  ]);
  relay.sockets[0]?.send(ready);
  await until(() => kind() === "open");
  connection.type("ls");
  await until(() => relay.heard.length === 3);
  expect(relay.heard.slice(1)).toEqual([
    { type: "resize", cols: 80, rows: 24 },
    "ls",
  ]);
});

test("what was painted is told in steps", async () => {
  const { relay, connection, kind } = start();
  void connection.connect();
  await until(() => relay.heard.length === 1);
  relay.sockets[0]?.send(ready);
  await until(() => kind() === "open");
  for (let count = 0; count < 5; count += 1) {
    relay.sockets[0]?.send(new Uint8Array(30_000));
  }
  await until(() => relay.heard.length === 3);
  expect(relay.heard[2]).toEqual({ type: "seen", bytes: 90_000 });
});

test("cut, it comes back by itself, with a new ticket and the same name", async () => {
  const { relay, states, connection } = start();
  void connection.connect();
  await until(() => relay.heard.length === 1);
  relay.sockets[0]?.terminate();
  await until(() => relay.heard.length === 2);
  expect(relay.heard[1]).toMatchObject({
    ticket: `ticket-${tickets}`,
    terminal: "the-name",
  });
  expect(states.map(({ kind }) => kind)).toEqual([
    "connecting",
    "waiting",
    "connecting",
  ]);
});

test("closed for a reason that trying again does not mend, it waits for a person", async () => {
  const { relay, states, connection, kind } = start();
  void connection.connect();
  await until(() => relay.heard.length === 1);
  relay.sockets[0]?.close(4408, "idle");
  await until(() => kind() === "closed");
  expect(states.at(-1)).toMatchObject({ ending: { again: "Reconnect" } });
  void connection.connect();
  await until(() => relay.heard.length === 2);
});

test("without a ticket it says why", async () => {
  const { states, connection, relay } = start(() =>
    Promise.reject(
      new ConvexError(failure("rate_limited", "You opened very many.")),
    ),
  );
  await connection.connect();
  expect(states.at(-1)).toMatchObject({
    kind: "refused",
    failure: { code: "rate_limited" },
  });
  expect(relay.sockets).toEqual([]);
});

test("a ticket that was cut off with the line is asked for again", async () => {
  let asked = 0;
  const { states, connection, relay } = start(async () => {
    asked += 1;
    // As Convex's client words it: no refusal of the server's.
    if (asked === 1)
      throw new Error("Connection lost while action was in flight");
    return "ticket";
  });
  await connection.connect();
  expect(states.at(-1)?.kind).toBe("waiting");
  await until(() => relay.heard.length === 1);
  expect(asked).toBe(2);
});

test("a line that died unseen is found out, and opened again; one that answers stays", async () => {
  const times = { every: 20, patience: 60 };
  const { relay, connection, kind } = start(undefined, times);
  const pings = () =>
    relay.heard.filter((one) => (one as { type?: string }).type === "ping");
  void connection.connect();
  await until(() => relay.heard.length === 1);
  const [first] = relay.sockets;
  first?.send(JSON.stringify({ type: "ready", resumed: false, pings: true }));
  await until(() => kind() === "open");
  for (let n = 1; n <= 3; n++) {
    await until(() => pings().length >= n);
    first?.send(JSON.stringify({ type: "pong" }));
  }
  expect(relay.sockets).toHaveLength(1);
  await until(() => relay.sockets.length === 2); // no answer comes any more
});

test("a relay that answers no pings is sent none", async () => {
  const times = { every: 1, patience: 20 };
  const { relay, connection, kind } = start(undefined, times);
  void connection.connect();
  await until(() => relay.heard.length === 1);
  relay.sockets[0]?.send(ready);
  await until(() => kind() === "open");
  await until(() => relay.heard.length === 2); // its size
  // Beats would fall between these, and be heard in their order.
  for (const words of ["still", "here", "and", "on"]) {
    connection.ask();
    connection.type(words);
    await until(() => relay.heard.at(-1) === words);
  }
  expect(relay.heard).toHaveLength(6);
});

test("a window larger than the relay takes is shown in part", async () => {
  const size = { cols: 700, rows: 400 };
  const { relay, connection, kind } = start(undefined, undefined, size);
  void connection.connect();
  await until(() => relay.heard.length === 1);
  const taken = { cols: 500, rows: 300 };
  expect(relay.heard[0]).toMatchObject(taken);
  relay.sockets[0]?.send(ready);
  await until(() => kind() === "open");
  await until(() => relay.heard.length === 2);
  expect(relay.heard[1]).toMatchObject({ type: "resize", ...taken });
});
