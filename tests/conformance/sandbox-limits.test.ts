import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import { eventually, failure, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

// Watching takes a share of the time there is: on a busy machine a look that
// takes half a second comes seconds later. What must happen is the same.
const PATIENCE_MS = 90_000;
setDefaultTimeout(PATIENCE_MS + 10_000);
/** Longer than anybody waits: what is too much stays too much until then. */
const HOLD_S = 100;

const limits = { processes: 80, memoryMiB: 300, diskMiB: 40, files: 3_000 };
let fixture: Fixture;
/** Homes are folders here, as where there are no disks to be had. */
let watched: Fixture;
let held: Record<string, string>;
beforeAll(async () => {
  fixture = await startFixture({ limits });
  watched = await startFixture({ limits, ownDisks: false });
  held = await heldBy(fixture);
});
afterAll(async () => {
  await fixture.close();
  await watched.close();
});

async function heldBy({ origin }: Fixture): Promise<Record<string, string>> {
  return (await (await fetch(`${origin}/health`)).json()).heldBy;
}

const stateOf = async (sandbox: Sandbox) => {
  await sandbox.refreshData();
  return sandbox.state;
};

/** Started, then ended for what it did; whichever of the two the kernel does. */
async function endsAs(sandbox: Sandbox, command: string) {
  const outcome = sandbox.process
    .executeCommand(command, undefined, {}, HOLD_S)
    .then(
      () => null,
      (error: Error) => error,
    );
  await eventually(
    async () => (await stateOf(sandbox)) !== "started",
    "it is ended",
    PATIENCE_MS,
  );
  await outcome;
  return sandbox.state;
}

test("processes: refused beyond the limit, in a group where there is one", async () => {
  const sandbox = await fixture.daytona.create();
  // Python, for bash waits and tries again when it may not fork.
  const { result } = await sandbox.process.executeCommand(`python3 -c "
import os, time
made = 0
try:
  for i in range(200):
    if os.fork() == 0: time.sleep(${HOLD_S}); os._exit(0)
    made += 1
except OSError as e: print(made, e.strerror)"`);
  const [made, ...words] = result.trim().split(" ");
  expect(words.join(" ")).toBe("Resource temporarily unavailable");
  expect(Number(made)).toBeLessThan(80);
  await sandbox.delete();
});

test("a watched home that outgrows its share is an error, and can be recovered", async () => {
  expect((await heldBy(watched)).diskMiB).toStartWith("watched");
  const sandbox = await watched.daytona.create({ name: "glutton" });
  const state = await endsAs(
    sandbox,
    "for i in 1 2 3 4 5 6; do head -c 20000000 /dev/urandom > f$i; done; sleep " +
      HOLD_S,
  );
  expect(String(state)).toBe("error");
  expect(sandbox.errorReason).toContain("disk (40 MiB)");
  expect(sandbox.recoverable).toBe(true);
  expect((await failure(sandbox.start())).statusCode).toBe(400);
  await sandbox.recover();
  await sandbox.process.executeCommand("rm f*");
  expect(String(await stateOf(sandbox))).toBe("started");
  await sandbox.delete();
});

test("too many files in a watched home are too much as well", async () => {
  const sandbox = await watched.daytona.create();
  const state = await endsAs(
    sandbox,
    `python3 -c "
import time
for i in range(8100): open(f'f{i}', 'w').close()
time.sleep(${HOLD_S})"`,
  );
  expect(String(state)).toBe("error");
  expect(sandbox.errorReason).toContain("files (3000)");
  await sandbox.delete();
});

test("a home with a disk of its own is full when it is full, and keeps what it has", async () => {
  if (held.diskMiB?.startsWith("watched")) {
    // Said by /health, with the reason; the two above are how it is held then.
    expect(held.diskMiB).toMatch(/\(.+\)$/);
    return;
  }
  const sandbox = await fixture.daytona.create();
  const run = async (command: string) =>
    (await sandbox.process.executeCommand(command)).result.trim();
  expect(await run("head -c 50000000 /dev/zero 2>&1 > big || echo no")).toMatch(
    /No space left on device/,
  );
  // Other users of the host can pass by it, and not look into it.
  const image = join(fixture.data, "sandboxes", sandbox.id, "home.img");
  expect(statSync(image).mode & 0o777).toBe(0o600);
  const size = Number(await run("stat -c %s big"));
  expect(size).toBeGreaterThan(35 << 20);
  expect(size).toBeLessThan(48 << 20);
  expect(await run("rm big; seq 4000 | xargs touch 2>&1 | tail -1")).toContain(
    "No space left on device",
  );
  const files = Number(await run("ls | wc -l"));
  expect(files).toBeGreaterThan(2_900);
  expect(files).toBeLessThanOrEqual(3_016);
  // Neither ended it, nor does a stop lose what was written.
  await sandbox.stop();
  await sandbox.start();
  expect(Number(await run("ls | wc -l"))).toBe(files);
  expect(await run("rm -f *; echo room > again; cat again")).toBe("room");
  await sandbox.delete();
});

test("what processes share is not counted for each of them", async () => {
  const sandbox = await fixture.daytona.create();
  const { result } = await sandbox.process.executeCommand(
    `python3 -c 'import mmap, os, time
x = mmap.mmap(-1, 120 << 20)
for _ in range(120): x.write(bytes(1 << 20))
os.fork(); os.fork(); x.seek(0)
for _ in range(120): x.read(1 << 20)
time.sleep(2); print("whole")'`,
  );
  expect(result).toContain("whole");
  await sandbox.delete();
});

test.each([
  ["of their own", "x = bytearray(120 << 20)"],
  [
    "that could be shared",
    "import mmap; x = mmap.mmap(-1, 120 << 20); [x.write(bytes(1 << 20)) for _ in range(120)]",
  ],
])("memory %s of all processes together is held", async (_, take) => {
  const sandbox = await fixture.daytona.create();
  const hog = `python3 -c 'import time; ${take}; time.sleep(${HOLD_S})'`;
  const state = await endsAs(sandbox, `${hog} & ${hog} & ${hog} & wait`);
  if (held.memoryMiB?.startsWith("watched")) {
    expect(sandbox.errorReason).toContain("memory (300 MiB)");
  } else expect(String(state)).toBe("stopped");
  await sandbox.delete();
});
