import {
  afterAll,
  afterEach,
  beforeAll,
  expect,
  test,
  setDefaultTimeout,
} from "bun:test";
import {
  PATIENCE_MS,
  eventually,
  failure,
  startFixture,
} from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

/** A minute of every interval lasts this long here. */
const MINUTE_MS = 300;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({ minuteMs: MINUTE_MS });
});
afterEach(() => fixture.server.reset());
afterAll(() => fixture.close());

const behave = (behaviour: object) =>
  fixture.operator("POST", "/__behaviour", behaviour);

const make = (name: string, more = {}) =>
  fixture.daytona.create({ name, autoStopInterval: 0, ...more });

const stateOf = async (id: string) => (await fixture.daytona.get(id)).state;

async function listed(): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for await (const { name, state } of fixture.daytona.list()) {
    found[name] = state;
  }
  return found;
}

test("archived, restored: only from stopped, and the disk is kept", async () => {
  const sandbox = await make("archive");
  await sandbox.process.executeCommand("echo kept > note");
  expect((await failure(sandbox.archive())).statusCode).toBe(400);
  await sandbox.stop();
  await behave({ pace: { archive: 50, restore: 1_000 } });
  await sandbox.archive();
  expect((await failure(sandbox.delete())).statusCode).toBe(409);
  await eventually(
    async () => (await stateOf(sandbox.id)) === "archived",
    "archived",
  );
  const starting = sandbox.start();
  await eventually(
    async () => (await stateOf(sandbox.id)) === "restoring",
    "restoring",
  );
  await starting;
  const { result } = await sandbox.process.executeCommand("cat note");
  expect(result).toBe("kept\n");
});

test("what has been stopped for its interval is archived, then deleted", async () => {
  const sandbox = await make("ages", {
    autoArchiveInterval: 1,
    autoDeleteInterval: 4,
  });
  await sandbox.stop();
  await eventually(
    async () => (await stateOf(sandbox.id)) === "archived",
    "archived",
  );
  await eventually(async () => !("ages" in (await listed())), "deleted");
});

test("a ttl destroys whatever its state; 0 takes it back", async () => {
  const [short, spared] = await Promise.all([
    make("short", { ttlMinutes: 2 }),
    make("spared", { ttlMinutes: 2 }),
  ]);
  await spared.setTtl(0);
  await eventually(async () => !("short" in (await listed())), "destroyed");
  expect(await stateOf(spared.id)).toBe("started");
  expect((await failure(short.refreshData())).statusCode).toBe(404);
});

test("a change that takes its time answers at once and refuses others", async () => {
  await behave({ pace: { create: 1_500, stop: 300, delete: 1_500 } });
  const creating = make("slow");
  await eventually(
    async () => (await listed()).slow === "creating",
    "creating",
  );
  const early = await fixture.daytona.get("slow");
  expect((await failure(early.delete())).statusCode).toBe(409);
  expect((await failure(early.process.executeCommand("true"))).statusCode).toBe(
    400,
  );
  const sandbox = await creating;
  expect(sandbox.state).toBe("started");
  await sandbox.stop();
  expect(sandbox.state).toBe("stopped");
  await sandbox.delete();
  expect(await stateOf(sandbox.id)).toBe("destroying");
  await eventually(async () => !("slow" in (await listed())), "gone");
});

test("an error is not recovered from unless it can be", async () => {
  const sandbox = await make("fine");
  expect((await failure(sandbox.recover())).statusCode).toBe(400);
});

test("quotas: places, resources and creates a minute", async () => {
  const refused = async (name: string) => {
    const { statusCode, message } = await failure(make(name));
    return `${statusCode} ${message}`;
  };
  const first = await make("first");
  await behave({ quota: { sandboxes: 1 } });
  expect(await refused("second")).toBe(
    "403 Total sandbox limit exceeded. Maximum allowed: 1.",
  );
  await behave({ quota: { cpu: 2, disk: 6 } });
  const second = await make("second");
  expect(await refused("third")).toStartWith("403 Total CPU limit exceeded");
  // A stopped one gives back its processor, not its disk.
  await first.stop();
  expect(await refused("third")).toStartWith("403 Total disk limit exceeded");
  await first.archive();
  await make("third");
  expect((await failure(first.start())).statusCode).toBe(403);
  await second.delete();
  await fixture.server.reset();
  await behave({ quota: { createsPerMinute: 0 } });
  expect(await refused("fourth")).toStartWith("429 Rate limit exceeded");
  expect(await listed()).toEqual({});
});

test("a lagging list shows what was; GET by id tells what is", async () => {
  const old = await make("old");
  await behave({ listLagMs: 1_500 });
  await eventually(
    async () => (await listed()).old === "started",
    "old is listed",
  );
  const fresh = await make("fresh");
  await old.delete();
  expect((await listed()).old).toBe("started");
  expect(await stateOf(fresh.id)).toBe("started");
  expect((await failure(old.refreshData())).statusCode).toBe(404);
  await eventually(async () => {
    const now = await listed();
    return now.fresh === "started" && !("old" in now);
  }, "the list catches up");
});

test("behaviour that makes no sense is a 400 that says why", async () => {
  const answer = await behave({ pace: { meteor: 1 } });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("meteor");
});
