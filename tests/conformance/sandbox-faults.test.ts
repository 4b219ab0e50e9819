import {
  afterAll,
  afterEach,
  beforeAll,
  expect,
  test,
  setDefaultTimeout,
} from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import {
  PATIENCE_MS,
  eventually,
  failure,
  startFixture,
} from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterEach(() => fixture.server.reset());
afterAll(() => fixture.close());

async function faults(body: unknown) {
  const answer = await fixture.operator("POST", "/__faults", body);
  expect(answer.status).toBe(200);
}

const make = (name: string, timeout = 20) =>
  fixture.daytona.create({ name, autoStopInterval: 0 }, { timeout });

async function states(): Promise<Record<string, string>> {
  const answer = await fixture.operator("GET", "/__sandboxes");
  const all = (await answer.json()) as { name: string; state: string }[];
  return Object.fromEntries(all.map(({ name, state }) => [name, state]));
}

async function listed(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, state } of fixture.daytona.list()) {
    found.push(`${name} ${state}`);
  }
  return found;
}

test("reset before the effect: nothing was made; after it: all was", async () => {
  await faults([{ route: "POST /sandbox", kind: "reset-before" }]);
  const before = await failure(make("never"));
  expect(before.statusCode).toBeUndefined();
  expect(await states()).toEqual({});
  await faults([{ route: "POST /sandbox", kind: "reset-after" }]);
  const after = await failure(make("made"));
  expect(after.statusCode).toBeUndefined();
  // To be found by its name, and taken.
  expect((await fixture.daytona.get("made")).state).toBe("started");
  expect((await failure(make("made"))).statusCode).toBe(409);
});

test("200, but late", async () => {
  await faults([{ route: "POST /sandbox", kind: "late-answer", ms: 400 }]);
  const from = performance.now();
  const making = make("late");
  await eventually(async () => (await states()).late === "started", "started");
  expect((await making).state).toBe("started");
  expect(performance.now() - from).toBeGreaterThan(390);
});

test("a create that succeeds after its timeout", async () => {
  await faults([{ route: "POST /sandbox", kind: "late-effect" }]);
  const error = await failure(make("orphan", 0.3));
  expect(error.name).toBe("DaytonaTimeoutError");
  await eventually(
    async () => (await states()).orphan === "started",
    "made all the same",
  );
});

test("a delete and a stop that say they do and do not", async () => {
  const sandbox = await make("undead");
  await faults([
    { route: "DELETE /sandbox/{id}", kind: "no-effect" },
    { route: "POST /sandbox/{id}/stop", kind: "no-effect" },
  ]);
  await sandbox.delete();
  await failure(sandbox.stop(0.2));
  expect(await states()).toEqual({ undead: "started" });
  await sandbox.delete();
  expect(await states()).toEqual({});
});

test("a list that flaps: now as it is, now as it was, the same with one seed", async () => {
  await make("here");
  const looks = async (seed: number) => {
    // As of a minute ago, when it was not there yet.
    const stale = { route: "GET /sandbox", kind: "stale", ms: 60_000 };
    await faults({ seed, faults: [{ ...stale, probability: 0.5 }] });
    const seen: string[] = [];
    for (let i = 0; i < 12; i++) seen.push((await listed()).join());
    return seen;
  };
  const first = await looks(7);
  expect(new Set(first)).toEqual(new Set(["here started", ""]));
  expect(await looks(7)).toEqual(first);
  expect(await looks(8)).not.toEqual(first);
});

test("a full disk refuses the upload, and what was there stays", async () => {
  const sandbox = await make("full");
  await sandbox.fs.uploadFile(Buffer.from("one"), "file");
  await faults([
    { route: "POST /toolbox/{id}/files/bulk-upload", kind: "disk-full" },
  ]);
  const error = await failure(
    sandbox.fs.uploadFile(Buffer.from("two"), "file"),
  );
  expect(error.message).toContain("no space left on device");
  expect((await sandbox.fs.downloadFile("file")).toString()).toBe("one");
});

test("an entrypoint that never becomes healthy, and one that dies", async () => {
  const folder = `${fixture.snapshots}/talker`;
  mkdirSync(folder, { recursive: true });
  const entrypoint = ["/bin/sh", "-c", "echo healthy; sleep 1000"];
  const snapshot = { version: 1, entrypoint };
  writeFileSync(`${folder}/snapshot.json`, JSON.stringify(snapshot));
  const said = async (kind: string | null) => {
    await faults(kind ? [{ route: "POST /sandbox", kind }] : []);
    const sandbox = await fixture.daytona.create({ snapshot: "talker" });
    const running = async () =>
      (await sandbox.process.executeCommand("pgrep -x sleep")).exitCode === 0;
    const log = () => sandbox.process.getEntrypointLogs();
    return { log, running, sandbox };
  };
  const fine = await said(null);
  await eventually(async () => (await fine.log()).stdout, "it talks");
  const hangs = await said("entrypoint-hangs");
  await eventually(hangs.running, "it is there");
  expect((await hangs.log()).stdout).toBe("");
  const dies = await said("entrypoint-dies");
  await eventually(async () => {
    const answer = await fixture.operator(
      "GET",
      `/__sandboxes/${dies.sandbox.id}/log`,
    );
    return (await answer.text()).includes("entrypoint ended: 1");
  }, "it ends");
  expect((await dies.log()).stdout).toBe("");
  // The next start is as it should be.
  await dies.sandbox.stop();
  await dies.sandbox.start();
  await eventually(async () => (await dies.log()).stdout, "it talks again");
});

test("a start that fails: an error, from which it recovers with its disk", async () => {
  const sandbox = await make("fragile");
  await sandbox.fs.uploadFile(Buffer.from("kept"), "file");
  await sandbox.stop();
  await faults([{ route: "POST /sandbox/{id}/start", kind: "start-fails" }]);
  await failure(sandbox.start());
  expect(await states()).toEqual({ fragile: "error" });
  expect((await fixture.daytona.get("fragile")).recoverable).toBe(true);
  await sandbox.recover();
  expect(await states()).toEqual({ fragile: "started" });
  expect((await sandbox.fs.downloadFile("file")).toString()).toBe("kept");
});

test("what it was asked is told, and what a fault kept from it as well", async () => {
  const { id } = await make("asked");
  await faults([{ route: "DELETE /sandbox/{id}", kind: "error-before" }]);
  await failure(fixture.daytona.get(id).then((one) => one.delete()));
  const answer = await fixture.operator("GET", "/__requests");
  const asked = (await answer.json()) as string[];
  expect(asked.slice(-2)).toEqual([
    `GET /api/sandbox/${id}`,
    `DELETE /api/sandbox/${id}`,
  ]);
  expect(asked.some((one) => one.includes("/__"))).toBe(false);
});
