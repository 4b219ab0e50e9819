import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, failure } from "./sandbox-support";
import { PATIENCE_MS, emulated } from "./sandbox-target";
import { startWire } from "./sandbox-wire";
import type { Wire } from "./sandbox-wire";

setDefaultTimeout(PATIENCE_MS);

let wire: Wire;
beforeAll(async () => {
  wire = await startWire();
});
afterAll(() => wire.close());

test("create gives a started sandbox with what was asked for", async () => {
  const sandbox = await wire.daytona.create({
    name: wire.name("first"),
    labels: { slot: "a" },
    envVars: { COLOR: "blue" },
    autoStopInterval: 7,
  });
  expect(sandbox.state).toBe("started");
  expect(sandbox.labels).toEqual({
    slot: "a",
    "code-toolbox-language": "python",
  });
  expect(sandbox.autoStopInterval).toBe(7);
  const said = await sandbox.process.executeCommand("echo $COLOR");
  expect(said.result).toBe("blue\n");
  await sandbox.delete();
});

test("a name is taken until its sandbox is deleted, and can be adopted", async () => {
  const { daytona } = wire;
  const name = wire.name("taken");
  const first = await daytona.create({ name });
  const refused = await failure(daytona.create({ name }));
  expect(refused).toMatchObject({
    name: "DaytonaConflictError",
    statusCode: 409,
    message: `Sandbox with name ${name} already exists`,
  });
  const adopted = await daytona.get(name);
  expect(adopted.id).toBe(first.id);
  await adopted.delete();
  const second = await daytona.create({ name });
  expect(second.id).not.toBe(first.id);
  await second.delete();
});

test("of twenty creates with one name at once, one wins", async () => {
  const { daytona } = wire;
  const name = wire.name("race");
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => daytona.create({ name })),
  );
  const made = outcomes.filter(({ status }) => status === "fulfilled");
  expect(made).toHaveLength(1);
  await eventually(async () => {
    const listed = [];
    for await (const one of daytona.list({ name })) listed.push(one.id);
    return listed.length === 1;
  }, "one is listed");
  await (await daytona.get(name)).delete();
});

test("list filters by all labels and by state, page after page", async () => {
  const { daytona, run: team } = wire;
  const names = ["list-1", "list-2", "list-3"].map(wire.name);
  const [, second = "", third = ""] = names;
  for (const name of names) {
    await daytona.create({ name, labels: { team, odd: name } });
  }
  await (await daytona.get(third)).stop();
  const find = async (query: Parameters<typeof daytona.list>[0]) => {
    const found: string[] = [];
    for await (const { name } of daytona.list(query)) found.push(name);
    return found.sort();
  };
  const stopped = { labels: { team }, states: ["stopped" as never] };
  // The list may be a little behind.
  await eventually(async () => (await find(stopped)).length === 1, "it stops");
  expect(await find(stopped)).toEqual([third]);
  expect(await find({ labels: { team }, limit: 1 })).toEqual(names);
  expect(await find({ labels: { team, odd: second } })).toEqual([second]);
  expect(await find({ labels: { team: `${team}-y` } })).toEqual([]);
  for (const name of names) await (await daytona.get(name)).delete();
});

test("the home survives stop and start; processes and the preview's token do not", async () => {
  const sandbox = await wire.daytona.create({ name: wire.name("keeper") });
  await sandbox.process.executeCommand(
    "echo kept > note; setsid sleep 1000 & disown",
  );
  const before = await sandbox.getPreviewLink(80);
  await sandbox.stop();
  expect(sandbox.state).toBe("stopped");
  const refused = await failure(sandbox.process.executeCommand("true"));
  expect(refused.statusCode).toBe(400);
  await sandbox.start();
  const after = await sandbox.process.executeCommand(
    "cat note; pgrep -fx 'sleep 1000'",
  );
  expect(after.result).toBe("kept\n");
  expect((await sandbox.getPreviewLink(80)).token).not.toBe(before.token);
  await sandbox.delete();
});

emulated("there, /tmp is on the disk that is kept")(
  "what was in /tmp is gone after a stop",
  async () => {
    const sandbox = await wire.daytona.create();
    await sandbox.process.executeCommand("echo lost > /tmp/note");
    await sandbox.stop();
    await sandbox.start();
    const after = await sandbox.process.executeCommand("ls -A /tmp");
    expect(after.result).toBe("");
    await sandbox.delete();
  },
);

test("start of a started one is a no-op, stop of a stopped one a 400", async () => {
  const sandbox = await wire.daytona.create({ name: wire.name("twice") });
  await sandbox.start();
  await sandbox.stop();
  expect((await failure(sandbox.stop())).statusCode).toBe(400);
  await sandbox.delete();
  expect((await failure(wire.daytona.get(wire.name("twice")))).statusCode).toBe(
    404,
  );
});

emulated("it makes a create slow")(
  "a second change while one is in progress is a 409",
  async () => {
    const { daytona } = wire;
    const { operator, server } = wire.emulator();
    await operator("POST", "/__behaviour", { pace: { create: 500 } });
    const creating = daytona.create({ name: "busy" });
    await eventually(async () => {
      const response = await fetch(`${server.url}/sandbox/busy`, {
        headers: { authorization: "Bearer test-key" },
      });
      const { state } = (await response.json()) as { state?: string };
      return state === "creating";
    }, "creating");
    const refused = await fetch(`${server.url}/sandbox/busy`, {
      method: "DELETE",
      headers: { authorization: "Bearer test-key" },
    });
    expect(refused.status).toBe(409);
    await operator("POST", "/__behaviour", {});
    await (await creating).delete();
  },
);

test("labels are replaced, intervals set, activity noted", async () => {
  const sandbox = await wire.daytona.create({ labels: { old: "1" } });
  expect(await sandbox.setLabels({ fresh: "2" })).toEqual({ fresh: "2" });
  await sandbox.setAutostopInterval(3);
  await sandbox.refreshActivity();
  await sandbox.refreshData();
  expect(sandbox.labels).toEqual({ fresh: "2" });
  expect(sandbox.autoStopInterval).toBe(3);
  await sandbox.delete();
});

emulated("it writes a snapshot into a folder")(
  "a snapshot's entrypoint starts at create and at each start",
  async () => {
    const { snapshots } = wire.emulator();
    const folder = join(snapshots, "counter", "root");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "run.sh"),
      'echo "boot $GREETING" >> "$HOME/boots"; echo started; exit 7\n',
    );
    writeFileSync(
      join(snapshots, "counter", "snapshot.json"),
      JSON.stringify({
        version: 1,
        entrypoint: ["/bin/sh", "/opt/slipway/run.sh"],
        env: { GREETING: "hello" },
        root: "root",
      }),
    );
    const sandbox = await wire.daytona.create({ snapshot: "counter" });
    const boots = async () =>
      (await sandbox.process.executeCommand("cat boots")).result;
    await eventually(
      async () => (await boots()) === "boot hello\n",
      "one boot",
    );
    await sandbox.stop();
    await sandbox.start();
    await eventually(async () => (await boots()).length === 22, "two boots");
    // It ended with an error, and the sandbox lives on, with its log.
    const log = await sandbox.process.getEntrypointLogs();
    expect(log.stdout).toBe("started\n");
    const listed = await wire.daytona.snapshot.list();
    expect(listed.items.map(({ name }) => name)).toEqual(["bare", "counter"]);
    await sandbox.delete();
  },
);

test("an unknown snapshot is a 400 that names it", async () => {
  const snapshot = wire.name("nope");
  const refused = await failure(wire.daytona.create({ snapshot }));
  expect(refused.statusCode).toBe(400);
  expect(refused.message).toContain(snapshot);
});

test("a wrong key is a 401", async () => {
  const response = await fetch(`${wire.apiUrl}/sandbox`, {
    headers: { authorization: "Bearer wrong" },
  });
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({
    statusCode: 401,
    error: "Unauthorized",
    path: `${new URL(wire.apiUrl).pathname}/sandbox`,
  });
});

emulated("there, the provider's own daemon survives it")(
  "a sandbox whose insides die is reported as stopped",
  async () => {
    const sandbox = await wire.daytona.create({ name: wire.name("suicide") });
    await failure(sandbox.process.executeCommand("kill -9 -1"));
    await eventually(async () => {
      await sandbox.refreshData();
      return sandbox.state === "stopped";
    }, "stopped");
    await sandbox.start();
    expect((await sandbox.process.executeCommand("echo back")).result).toBe(
      "back\n",
    );
    await sandbox.delete();
  },
);
