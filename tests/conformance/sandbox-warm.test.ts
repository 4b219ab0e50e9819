import {
  afterAll,
  afterEach,
  beforeAll,
  expect,
  test,
  setDefaultTimeout,
} from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATIENCE_MS, eventually, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({ warm: 1 });
  const folder = join(fixture.snapshots, "talker");
  mkdirSync(folder, { recursive: true });
  const entrypoint = ["/bin/sh", "-c", 'echo "$FROM $ASKED"; sleep 1000'];
  const env = { FROM: "snapshot" };
  const snapshot = { version: 1, entrypoint, env };
  writeFileSync(join(folder, "snapshot.json"), JSON.stringify(snapshot));
});
afterEach(() => fixture.server.reset());
afterAll(() => fixture.close());

/** The id of the one that waits: it has a home, and no record. */
async function waiting(): Promise<string> {
  return eventually(async () => {
    const answer = await fixture.operator("GET", "/__sandboxes");
    const known = ((await answer.json()) as { id: string }[]).map((s) => s.id);
    const homes = readdirSync(join(fixture.data, "sandboxes"));
    const left = homes.filter((id) => !known.includes(id));
    return left.length === 1 ? left[0] : null;
  }, "one is ready");
}

/** A sandbox made from the one that waited. Before it, another may have to go. */
function takeWaiting(snapshot: string) {
  return eventually(
    async () => {
      // Its home is there before it is up, and it may be of another snapshot.
      const ready = await waiting();
      const envVars = { ASKED: "asked" };
      const one = await fixture.daytona.create({ snapshot, envVars });
      return one.id === ready ? one : null;
    },
    "the one that waits is taken",
    15_000,
  );
}

test("a create takes the one that waits, as if it had been made for it", async () => {
  await fixture.daytona.create({ snapshot: "talker" });
  const made = await takeWaiting("talker");
  const log = () => made.process.getEntrypointLogs();
  await eventually(async () => (await log()).stdout, "its entrypoint talks");
  expect((await log()).stdout).toBe("snapshot asked\n");
  await made.process.executeCommand("echo kept > note");
  await made.stop();
  await made.start();
  const { result } = await made.process.executeCommand("cat note; id -u");
  expect(result).toBe("kept\n1000\n");
});

test("another snapshot, and a sandbox without network, get one of their own", async () => {
  const { daytona } = fixture;
  await daytona.create({ snapshot: "talker" });
  await takeWaiting("talker");
  const ready = await waiting();
  const blocked = await daytona.create({
    snapshot: "talker",
    networkBlockAll: true,
  });
  const bare = await daytona.create({ snapshot: "bare" });
  expect([blocked.id, bare.id]).not.toContain(ready);
  expect((await bare.process.getEntrypointLogs()).stdout).toBe("");
});

const asRoot = test.skipIf(process.getuid?.() !== 0);
asRoot("each has a host user of its own, the waiting one too", async () => {
  const { daytona } = fixture;
  const made = await Promise.all([1, 2, 3].map(() => daytona.create()));
  const more = await daytona.create();
  const uids = [...made, more].map(({ id }) => {
    const home = join(fixture.data, "sandboxes", id, "home");
    return Bun.file(home).stat();
  });
  const all = (await Promise.all(uids)).map(({ uid }) => uid);
  expect(new Set(all).size).toBe(4);
});
