import { expect, test } from "bun:test";
import { join } from "node:path";

// Not against the real service, which no check can reach: against ours as if it
// were one, by its address and key. The switch is the same.
async function suites(...args: string[]) {
  const env = { ...process.env, DAYTONA_API_KEY: "" };
  const script = join(import.meta.dir, "sandbox-suites.ts");
  const child = Bun.spawn([process.execPath, script, ...args], {
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { said: said.join("\n"), code: await child.exited };
}

test("the suites run against a service that is there already, and leave nothing", async () => {
  const { said, code } = await suites("--emulator", "lifecycle", "answers");
  expect(said).toContain("(pass) a name is taken until its sandbox is deleted");
  expect(said).toContain("(pass) plain reads are answered");
  expect(said).toContain(
    "a second change while one is in progress is a 409 [the emulator only: it makes a create slow]",
  );
  expect(said).toContain("(skip) sandbox-faults [the emulator only:");
  expect(said).not.toContain("Left behind");
  expect(code).toBe(0);
}, 60_000);

test("without a key, or with a suite that cannot be, it says so", async () => {
  const keyless = await suites("lifecycle");
  expect(keyless.said).toContain("Set DAYTONA_API_KEY, or give --emulator.");
  expect(keyless.code).toBe(1);
  const faults = await suites("--emulator", "faults");
  expect(faults.said).toContain("faults: makes the service fail");
  expect(faults.code).toBe(1);
}, 20_000);
