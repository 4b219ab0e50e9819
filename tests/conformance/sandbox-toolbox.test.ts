import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
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
  sandbox = await wire.daytona.create({ name: wire.name("tools") });
});
afterAll(() => wire.close());

const run = (command: string) => sandbox.process.executeCommand(command);

test("exec: exit code, both streams in order, directory, environment", async () => {
  const said = await sandbox.process.executeCommand(
    'echo one; echo two >&2; echo three > /dev/stderr; echo "$PWD $X"; exit 3',
    "/tmp",
    { X: "y z" },
  );
  expect(said.exitCode).toBe(3);
  expect(said.result).toBe("one\ntwo\nthree\n/tmp y z\n");
});

test("exec: the timeout kills all of it and is a 408", async () => {
  const refused = await failure(
    sandbox.process.executeCommand("sleep 61 & sleep 62", undefined, {}, 1),
  );
  expect(refused.statusCode).toBe(408);
  expect(refused.name).toBe("DaytonaProcessExecutionTimeoutError");
  expect((await run("pgrep -x sleep")).result).toBe("");
});

test("exec: a background process outlives it and does not hold it up", async () => {
  await run(
    "(until [ -e go ]; do echo waiting; sleep 0.1; done; touch done) &",
  );
  expect((await run("ls done")).exitCode).not.toBe(0);
  await run("touch go");
  await eventually(
    async () => (await run("ls done")).exitCode === 0,
    "the background process ends, not killed by a closed pipe",
  );
});

emulated("a bound of its own")(
  "exec: a flood of output is cut at its beginning",
  async () => {
    const said = await run("yes | head -c 20000000; echo end");
    expect(said.result).toStartWith("[");
    expect(said.result).toEndWith("y\nend\n");
    expect(said.result.length).toBeLessThan(9_000_000);
  },
);

test("exec: a missing directory is a 400 that says so", async () => {
  const refused = await failure(
    sandbox.process.executeCommand("true", "/no/such"),
  );
  expect(refused.statusCode).toBe(400);
  expect(refused.message).toContain("/no/such");
});

test("upload and download: bytes, empty files, odd names, new folders", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(3_000_000));
  const files = [
    { source: Buffer.from(bytes), destination: "up/large.bin" },
    { source: Buffer.alloc(0), destination: "up/empty" },
    { source: Buffer.from("\r\n--x\r\n"), destination: '/tmp/a "b" é.txt' },
  ];
  await sandbox.fs.uploadFiles(files);
  const back = await sandbox.fs.downloadFiles(
    files.map(({ destination }) => ({ source: destination })),
  );
  expect(back.map(({ error }) => error)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  for (const [index, { source }] of files.entries()) {
    expect(Buffer.compare(back[index]?.result as Buffer, source)).toBe(0);
  }
  const missing = await failure(sandbox.fs.downloadFile("up/nope"));
  expect(missing.name).toBe("DaytonaFileNotFoundError");
});

test("upload: a part that is cut off is an error, not a success", async () => {
  const response = await fetch(`${wire.toolbox(sandbox)}/files/bulk-upload`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${wire.apiKey}`,
      "content-type": "multipart/form-data; boundary=b",
    },
    body: '--b\r\nContent-Disposition: form-data; name="files[0].path"\r\n\r\ncut\r\n--b\r\nContent-Disposition: form-data; name="files[0].file"; filename="cut"\r\n\r\nhalf',
  });
  expect(response.status).toBe(400);
});

test("folders, info, list, permissions, move, delete", async () => {
  const { fs } = sandbox;
  await fs.createFolder("tree/deep", "750");
  await fs.uploadFile(Buffer.from("12345"), "tree/deep/five");
  expect(await fs.getFileDetails("tree/deep/five")).toMatchObject({
    name: "five",
    path: "/home/daytona/tree/deep/five",
    isDir: false,
    size: 5,
    owner: "daytona",
  });
  expect((await fs.getFileDetails("tree/deep")).permissions).toBe("0750");
  const names = (await fs.listFiles("tree", { depth: 2 })).map((f) => f.name);
  expect(names).toEqual(["deep", "five"]);
  await fs.setFilePermissions("tree/deep/five", { mode: "700" });
  await fs.moveFiles("tree/deep/five", "tree/moved");
  expect((await fs.getFileDetails("tree/moved")).permissions).toBe("0700");
  expect((await fs.searchFiles("tree", "mov*")).files).toEqual([
    "/home/daytona/tree/moved",
  ]);
  expect((await failure(fs.deleteFile("tree"))).statusCode).toBe(400);
  await fs.deleteFile("tree", true);
  expect((await failure(fs.getFileDetails("tree"))).statusCode).toBe(404);
});

test("work and home directory", async () => {
  expect(await sandbox.getWorkDir()).toBe("/home/daytona");
  expect(await sandbox.getUserHomeDir()).toBe("/home/daytona");
});

test("a session keeps its directory and environment, and its ends apart", async () => {
  const { process } = sandbox;
  await process.createSession("s");
  expect((await failure(process.createSession("s"))).statusCode).toBe(409);
  const first = await process.executeSessionCommand("s", {
    command: "cd /tmp; export A=1; echo out; echo err >&2; false",
  });
  expect(first).toMatchObject({
    exitCode: 1,
    stdout: "out\n",
    stderr: "err\n",
  });
  const second = await process.executeSessionCommand("s", {
    command: "echo $PWD $A '",
  });
  // An unbalanced quote fails that command and leaves the session alone.
  expect(second.exitCode).not.toBe(0);
  const third = await process.executeSessionCommand("s", {
    command: "echo $PWD $A",
  });
  expect(third.stdout).toBe("/tmp 1\n");

  const background = await process.executeSessionCommand("s", {
    command: "read line; echo got $line; exit 4",
    runAsync: true,
  });
  const id = background.cmdId ?? "";
  expect((await process.getSessionCommand("s", id)).exitCode).toBeUndefined();
  await process.sendSessionCommandInput("s", id, "hello\n");
  await eventually(
    async () => (await process.getSessionCommand("s", id)).exitCode === 4,
    "the command ends with its own code",
  );
  const logs = await process.getSessionCommandLogs("s", id);
  expect(logs.stdout).toBe("got hello\n");
  await process.deleteSession("s");
  expect((await failure(process.getSession("s"))).statusCode).toBe(404);
});

test("input sent before the command reads it is not lost", async () => {
  const { process: commands } = sandbox;
  await commands.createSession("input");
  for (let i = 0; i < 20; i++) {
    const run = { command: "read x; echo got $x", runAsync: true };
    const { cmdId } = await commands.executeSessionCommand("input", run);
    await commands.sendSessionCommandInput("input", cmdId, `word-${i}\n`);
    await commands.executeSessionCommand("input", { command: "true" });
    const { stdout } = await commands.getSessionCommandLogs("input", cmdId);
    expect(stdout).toBe(`got word-${i}\n`);
  }
  await commands.deleteSession("input");
});

emulated("a bound of its own")(
  "more input than a command may leave unread is refused",
  async () => {
    const { process: commands } = sandbox;
    await commands.createSession("deaf");
    const deaf = { command: "sleep 1000", runAsync: true };
    const { cmdId } = await commands.executeSessionCommand("deaf", deaf);
    const flood = "x".repeat(200_000);
    const refused = await failure(
      commands.sendSessionCommandInput("deaf", cmdId, flood),
    );
    expect(refused.statusCode).toBe(400);
    await commands.deleteSession("deaf");
  },
);
