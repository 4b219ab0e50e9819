import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

test("what is said into a full disk is lost, and the process goes on", async () => {
  const terminal = JSON.stringify(join(import.meta.dir, "terminal"));
  const full = openSync("/dev/full", "w");
  const child = Bun.spawn(
    [
      process.execPath,
      "-e",
      // The turn between is the one in which an unheard error ends a process.
      `import { complain, say } from ${terminal};
       say("one"); complain("two");
       setTimeout(() => { say("three"); process.exit(7); }, 50);`,
    ],
    { stdin: "ignore", stdout: full, stderr: full },
  );
  closeSync(full);
  expect(await child.exited).toBe(7);
});
