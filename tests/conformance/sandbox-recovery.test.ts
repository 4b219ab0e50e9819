import { Database } from "bun:sqlite";
import {
  afterEach,
  beforeEach,
  expect,
  setDefaultTimeout,
  spyOn,
  test,
} from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import { Executor } from "../../emulators/sandbox/executor/executor";
import { Lifecycle } from "../../emulators/sandbox/state/lifecycle";
import { createSandboxServer } from "../../emulators/sandbox/index";
import type {
  SandboxServer,
  SandboxServerOptions,
} from "../../emulators/sandbox/index";
import type { SandboxRecord } from "../../emulators/sandbox/state/registry";
import {
  API_KEY,
  client,
  eventually,
  failure,
  PATIENCE_MS,
} from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

const MAIN = join(import.meta.dir, "../../emulators/sandbox/main.ts");

/** What nobody outside of it calls. */
type Probing = { probe(): Promise<void> };

let folder: string;
let data: string;
let snapshots: string;
const running: { close(): Promise<void> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-recovery-"));
  data = join(folder, "data");
  snapshots = join(folder, "snapshots");
  mkdirSync(join(snapshots, "mine", "root"), { recursive: true });
  const snapshot = { version: 1, root: "root" };
  writeFileSync(
    join(snapshots, "mine", "snapshot.json"),
    JSON.stringify(snapshot),
  );
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(
  options: Partial<SandboxServerOptions> = {},
): Promise<SandboxServer> {
  const server = await createSandboxServer({
    ...{ data, snapshots, apiKey: API_KEY },
    ...options,
  });
  running.push(server);
  return server;
}

async function close(server: SandboxServer) {
  running.splice(running.indexOf(server), 1);
  await server.close();
}

/** A stopped one that holds a file. */
async function make(server: SandboxServer, name: string): Promise<Sandbox> {
  const sandbox = await client(server.url).create({ name, snapshot: "mine" });
  await sandbox.fs.uploadFile(Buffer.from(`of ${name}`), "file");
  await sandbox.stop();
  return sandbox;
}

const file = async (sandbox: Sandbox) =>
  (await sandbox.fs.downloadFile("file")).toString();

function withRows<T>(work: (db: Database) => T): T {
  const db = new Database(join(data, "registry.sqlite"), { strict: true });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const row = (id: string) =>
  withRows((db) => {
    const found = db
      .query<{ record: string }, [string]>(
        "SELECT record FROM sandboxes WHERE id = ?",
      )
      .get(id);
    return JSON.parse(found?.record ?? "null") as SandboxRecord;
  });

/** What another server would have left; this one is not running. */
function rewrite(id: string, changes: Partial<SandboxRecord>) {
  const record = JSON.stringify({ ...row(id), ...changes });
  withRows((db) =>
    db.query("UPDATE sandboxes SET record = ? WHERE id = ?").run(record, id),
  );
}

test("a start that fails once is recovered from, again and again, with its files", async () => {
  const server = await serve();
  const sandbox = await make(server, "unlucky");
  const away = join(folder, "away");
  renameSync(join(snapshots, "mine"), away);
  await failure(sandbox.start());
  const failed = await client(server.url).get("unlucky");
  expect(String(failed.state)).toBe("error");
  expect(failed.errorReason).toContain("Snapshot mine not found");
  expect(failed.recoverable).toBe(true);
  await failure(failed.recover());
  renameSync(away, join(snapshots, "mine"));
  await failed.recover();
  expect(await file(failed)).toBe("of unlucky");
});

test("while the machine cannot isolate, a start is refused and nothing is lost", async () => {
  const before = await serve();
  await make(before, "patient");
  await close(before);

  // As after an upgrade that lets nobody make user namespaces.
  const server = Bun.spawn(
    [
      ...["bwrap", "--dev-bind", "/", "/", "--unshare-user"],
      ...["--disable-userns", "--die-with-parent", "--"],
      ...[process.execPath, MAIN, "--data", data, "--snapshots", snapshots],
    ],
    {
      env: { PATH: process.env.PATH ?? "", SANDBOX_API_KEY: API_KEY },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const walled = {
    async close() {
      // To the server itself: bwrap, killed, would not wait for its end.
      const owner = readFileSync(join(data, "owner.json"), "utf8");
      process.kill(JSON.parse(owner).pid, "SIGTERM");
      await server.exited;
    },
  };
  running.push(walled);
  const { value } = await server.stdout.getReader().read();
  const { url } = JSON.parse(Buffer.from(value ?? []).toString());
  const there = await client(url).get("patient");
  const refused = await failure(there.start());
  expect(refused.statusCode).toBe(422);
  expect(refused.message).toContain("cannot be isolated on this machine");
  await there.refreshData();
  expect(String(there.state)).toBe("stopped");
  running.pop();
  await walled.close();

  const after = await serve();
  const again = await client(after.url).get("patient");
  await again.start();
  expect(await file(again)).toBe("of patient");
});

test("an error that an older server left can be overcome, unless nothing is left", async () => {
  const before = await serve();
  const started = await make(before, "given-up");
  const deleted = await make(before, "half-deleted");
  const homeless = await make(before, "homeless");
  await close(before);
  const error = { state: "error", recoverable: false } as const;
  const errorReason = "The sandbox did not start: no reason.";
  rewrite(started.id, { ...error, errorReason });
  rewrite(homeless.id, { ...error, errorReason });
  rewrite(deleted.id, { ...error, errorReason: "Not deleted: EBUSY" });
  rmSync(join(data, "sandboxes", homeless.id), { recursive: true });

  const daytona = client((await serve()).url);
  for (const name of ["half-deleted", "homeless"]) {
    expect((await daytona.get(name)).recoverable).toBe(false);
  }
  const again = await daytona.get("given-up");
  expect(again.recoverable).toBe(true);
  await again.recover();
  expect(await file(again)).toBe("of given-up");
});

test("nobody is answered before the records say what is", async () => {
  const before = await serve();
  const { id } = await make(before, "half-gone");
  const { port, host } = new URL(before.url);
  await close(before);
  rewrite(id, { state: "destroying" });

  const erase = Lifecycle.prototype.erase;
  const heard: string[] = [];
  const slowly = spyOn(Lifecycle.prototype, "erase").mockImplementation(
    async function (this: Lifecycle, record) {
      const asked = fetch(`http://${host}/`).then(
        () => "answered",
        (error: { code?: string }) => error.code ?? String(error),
      );
      heard.push(await asked);
      return erase.call(this, record);
    },
  );
  try {
    await serve({ port: Number(port) });
  } finally {
    slowly.mockRestore();
  }
  expect(heard).toEqual(["ECONNREFUSED"]);
  expect((await fetch(`http://${host}/`)).status).toBeGreaterThan(0);
  expect(existsSync(join(data, "sandboxes", id))).toBe(false);
});

test("a probe that failed once is made once more", async () => {
  const failing = spyOn(
    Executor.prototype as unknown as Probing,
    "probe",
  ).mockImplementationOnce(() => Promise.reject(new Error("Too busy.")));
  const said = spyOn(console, "error").mockImplementation(() => {});
  try {
    const sandbox = await make(await serve(), "lucky");
    await sandbox.start();
    expect(await file(sandbox)).toBe("of lucky");
    expect(failing).toHaveBeenCalledTimes(2);
    expect(said.mock.calls.flat().join()).toContain("Too busy.");
  } finally {
    failing.mockRestore();
    said.mockRestore();
  }
});

test("one that another user's server made is left as it is", async () => {
  const before = await serve();
  const { id } = await make(before, "theirs");
  await close(before);
  const { hostUid } = row(id);
  // Killed while it ran, too: its record says what was.
  const state = "started";
  rewrite(id, { state, hostUid: hostUid === null ? 0x70000005 : null });

  const between = await serve();
  const theirs = await client(between.url).get("theirs");
  const refused = await failure(theirs.start());
  expect(refused.statusCode).toBe(422);
  expect(refused.message).toContain("Run the server as it was");
  await close(between);
  expect(row(id).state).toBe("stopped");

  rewrite(id, { hostUid });
  const again = await client((await serve()).url).get("theirs");
  await again.start();
  expect(await file(again)).toBe("of theirs");
});

test("a change that is over is over, though that cannot be written yet", async () => {
  const server = await serve({ minuteMs: 600 });
  const daytona = client(server.url);
  const name = "unwritten";
  // The minute is short: nothing may stop or archive it meanwhile.
  const intervals = { autoStopInterval: 0, autoArchiveInterval: 1_000_000 };
  const sandbox = await daytona.create({ name, ...intervals });
  const slow = { pace: { stop: 300 } };
  await fetch(`${new URL(server.url).origin}/__behaviour`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(slow),
  });
  const stopping = sandbox.stop();
  await eventually(() => row(sandbox.id).state === "stopping", "it begins");
  // Nobody else may write now, as on a disk that is full.
  const holder = new Database(join(data, "registry.sqlite"));
  holder.run("BEGIN IMMEDIATE");
  try {
    await stopping;
    expect(String((await daytona.get(name)).state)).toBe("stopped");
    expect(row(sandbox.id).state).toBe("stopping");
    // What begins is written first, or it does not begin.
    await failure((await daytona.get(name)).start());
    expect(String((await daytona.get(name)).state)).toBe("stopped");
  } finally {
    holder.run("ROLLBACK");
    holder.close();
  }
  await eventually(() => row(sandbox.id).state === "stopped", "it is written");
  await sandbox.start();
  expect(row(sandbox.id).state).toBe("started");
});

test("a promise that nobody waits for does not end the server", async () => {
  const stray = join(folder, "stray.ts");
  writeFileSync(
    stray,
    'process.on("SIGUSR2", () => void Promise.reject(new Error("astray")));',
  );
  const server = Bun.spawn(
    [
      ...[process.execPath, "--preload", stray, MAIN],
      ...["--data", data, "--snapshots", snapshots],
    ],
    {
      env: { PATH: process.env.PATH ?? "", SANDBOX_API_KEY: API_KEY },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  running.push({
    async close() {
      server.kill();
      await server.exited;
    },
  });
  const { value } = await server.stdout.getReader().read();
  const { url } = JSON.parse(Buffer.from(value ?? []).toString());
  server.kill("SIGUSR2");
  const said = await server.stderr.getReader().read();
  expect(Buffer.from(said.value ?? []).toString()).toContain("astray");
  const health = await fetch(`${new URL(url).origin}/health`);
  expect(health.status).toBe(200);
});
