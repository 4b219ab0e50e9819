import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Sandbox } from "@daytonaio/sdk";
import { eventually, failure } from "./sandbox-support";
import { PATIENCE_MS, emulated } from "./sandbox-target";
import { startWire } from "./sandbox-wire";
import type { Wire } from "./sandbox-wire";

setDefaultTimeout(PATIENCE_MS);

let wire: Wire;
let sandbox: Sandbox;
beforeAll(async () => {
  wire = await startWire();
  sandbox = await wire.daytona.create({ name: wire.name("terminal") });
});
afterAll(() => wire.close());

/** A terminal whose screen can be looked at. */
async function open(id: string, more = {}) {
  let screen = "";
  const decoder = new TextDecoder();
  const pty = await sandbox.process.createPty({
    id,
    onData: (data) => {
      screen += decoder.decode(data, { stream: true });
    },
    ...more,
  });
  const shows = (text: string) =>
    eventually(() => screen.includes(text), `the screen shows ${text}`);
  return { pty, shows, screen: () => screen };
}

test("a terminal: its size, directory, environment, and its shell's exit code", async () => {
  const cwd = "/tmp";
  const envs = { COLOR: "bleu é" };
  const { pty, shows } = await open("one", { cols: 91, rows: 33, cwd, envs });
  await pty.sendInput('stty size; pwd; echo "<$COLOR>"; tty\n');
  await shows("33 91");
  await shows("<bleu é>");
  await shows("/dev/pts/");
  await pty.resize(120, 40);
  await pty.sendInput("stty size\n");
  await shows("40 120");
  await pty.sendInput("exit 7\n");
  expect(await pty.wait()).toMatchObject({ exitCode: 7 });
  expect(await sandbox.process.listPtySessions()).toEqual([]);
});

test("job control: Ctrl-C ends the command, not the shell", async () => {
  const { pty, shows } = await open("jobs");
  await pty.sendInput("sleep 1000\n");
  await eventually(
    async () =>
      (await sandbox.process.executeCommand("pgrep -x sleep")).exitCode === 0,
    "it sleeps",
  );
  await pty.sendInput(new Uint8Array([3]));
  await pty.sendInput("echo still-$((40 + 2))\n");
  await shows("still-42");
  await pty.kill();
  expect((await pty.wait()).exitCode).toBe(137);
});

test("a second look at the same terminal; leaving does not end it", async () => {
  const first = await open("shared");
  let seen = "";
  const second = await sandbox.process.connectPty("shared", {
    onData: (data) => {
      seen += new TextDecoder().decode(data);
    },
  });
  await first.pty.disconnect();
  await second.sendInput("echo both-$((1 + 1))\n");
  await eventually(() => seen.includes("both-2"), "the second sees it");
  const info = await sandbox.process.getPtySessionInfo("shared");
  expect(info).toMatchObject({ id: "shared", active: true });
  await sandbox.process.killPtySession("shared");
  await second.wait();
});

test("an id that is taken, one that is unknown, and no key at all are refused", async () => {
  const { pty } = await open("taken");
  await failure(open("taken"));
  await failure(sandbox.process.connectPty("unknown", { onData: () => {} }));
  const url = `${wire.toolbox(sandbox)}/process/pty/taken/connect`;
  const headers = {
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": btoa("0123456789abcdef"),
  };
  expect((await fetch(url, { headers })).status).toBe(401);
  await pty.kill();
});

test("a flood on the terminal is paced by who looks at it", async () => {
  const { pty, shows } = await open("flood");
  await pty.sendInput(
    "head -c 6000000 /dev/zero | tr '\\0' x; echo; echo done-$((1+2))\n",
  );
  await shows("done-3");
  await pty.kill();
});

test("terminals are gone after a stop", async () => {
  const mortal = await wire.daytona.create();
  const pty = await mortal.process.createPty({ id: "p", onData: () => {} });
  await mortal.stop();
  await eventually(() => !pty.isConnected(), "it is disconnected");
  await mortal.start();
  expect(await mortal.process.listPtySessions()).toEqual([]);
  await mortal.delete();
});

test("a command's log is streamed as it grows, its two ends apart", async () => {
  await sandbox.process.createSession("log");
  const { cmdId } = await sandbox.process.executeSessionCommand("log", {
    command: "echo first; read x; echo got $x >&2; printf '%070000d' 7",
    runAsync: true,
  });
  let out = "";
  let err = "";
  const streaming = sandbox.process.getSessionCommandLogs(
    "log",
    cmdId,
    (chunk) => void (out += chunk),
    (chunk) => void (err += chunk),
  );
  await eventually(() => out === "first\n", "the first line, at once");
  await sandbox.process.sendSessionCommandInput("log", cmdId, "word\n");
  await streaming;
  expect(err).toBe("got word\n");
  expect(out).toHaveLength("first\n".length + 70_000);
  const { exitCode } = await sandbox.process.getSessionCommand("log", cmdId);
  expect(exitCode).toBe(0);
  // Over already: all of it, and the end.
  let again = "";
  await sandbox.process.getSessionCommandLogs(
    "log",
    cmdId,
    (chunk) => void (again += chunk),
    () => {},
  );
  expect(again).toBe(out);
});

test("a signed preview opens by its address, until it expires or is revoked", async () => {
  await sandbox.process.executeCommand(
    "mkdir -p site && echo hello > site/index.html && cd site && (python3 -m http.server 3000 --bind 127.0.0.1 > /dev/null 2>&1 &)",
  );
  const look = (url: string) => fetch(`${url}/`, { redirect: "manual" });
  const long = await sandbox.getSignedPreviewUrl(3000, 3_600);
  await eventually(
    async () => (await look(long.url)).status === 200,
    "it is served",
  );
  expect(await (await look(long.url)).text()).toBe("hello\n");
  // For one port and one token only.
  const other = long.url.replace("3000-", "4500-");
  expect((await look(other)).status).toBe(307);
  expect((await look(`${long.url}x`)).status).toBe(307);
  await sandbox.expireSignedPreviewUrl(3000, long.token);
  expect((await look(long.url)).status).toBe(307);
  const short = await sandbox.getSignedPreviewUrl(3000, 1);
  expect((await look(short.url)).status).toBe(200);
  await eventually(
    async () => (await look(short.url)).status === 307,
    "it expires",
  );
  const tooLong = await failure(sandbox.getSignedPreviewUrl(3000, 86_401));
  expect(tooLong.statusCode).toBe(400);
});

emulated("it writes a snapshot into a folder")(
  "the entrypoint's log can be followed",
  async () => {
    const folder = `${wire.emulator().snapshots}/counting`;
    mkdirSync(folder, { recursive: true });
    const count = "for i in 1 2 3; do echo $i; sleep 0.1; done; echo end >&2";
    writeFileSync(
      `${folder}/snapshot.json`,
      JSON.stringify({ version: 1, entrypoint: ["/bin/sh", "-c", count] }),
    );
    const counting = await wire.daytona.create({ snapshot: "counting" });
    let out = "";
    let err = "";
    await counting.process.getEntrypointLogs(
      (chunk) => void (out += chunk),
      (chunk) => void (err += chunk),
    );
    expect(out).toBe("1\n2\n3\n");
    expect(err).toBe("end\n");
    await counting.delete();
  },
);

test("a message too long for a log's reader ends the reader, not the sandbox", async () => {
  const { process } = sandbox;
  await process.createSession("followed");
  const command = { command: "sleep 1000", runAsync: true };
  const { cmdId } = await process.executeSessionCommand("followed", command);
  const { token } = await sandbox.getPreviewLink(1);
  const base = wire.toolbox(sandbox).replace("http", "ws");
  await new Promise<unknown>((resolve, reject) => {
    const socket = new WebSocket(
      `${base}/process/session/followed/command/${cmdId}/logs?follow=true&DAYTONA_SANDBOX_AUTH_KEY=${token}`,
    );
    socket.onopen = () => socket.send("x".repeat(1_200_000));
    socket.onclose = resolve;
    socket.onerror = () => reject(new Error("refused"));
  });
  expect((await process.executeCommand("echo alive")).result).toBe("alive\n");
  await process.deleteSession("followed");
});

test("a browser, which sets no headers, may bring the preview token instead", async () => {
  const { token } = await sandbox.getPreviewLink(1);
  const base = wire.toolbox(sandbox).replace("http", "ws");
  const address = `${base}/process/pty/create-connect?id=web&cols=80&rows=24`;
  const first = await new Promise<string>((resolve, reject) => {
    const socket = new WebSocket(
      `${address}&DAYTONA_SANDBOX_AUTH_KEY=${token}`,
    );
    socket.onmessage = ({ data }) => resolve(String(data));
    socket.onerror = () => reject(new Error("refused"));
  });
  expect(JSON.parse(first)).toEqual({ type: "control", status: "connected" });
  await sandbox.process.killPtySession("web");
});
