import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync } from "node:fs";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eachLine } from "../../../scripts/start/run";
import { unprivileged } from "../../../tests/conformance/sandboxd-users";
import { sizeOf } from "./home-size";

const MIB = 1024 * 1024;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "home-size-"));
  chmodSync(folder, 0o777);
  // Where a user who may read nothing of ours finds it.
  cpSync(process.execPath, join(folder, "bun"));
  for (const name of ["home-size.ts", "remove.ts"]) {
    cpSync(join(import.meta.dir, name), join(folder, name));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process that has an unlinked file of 3 MiB open, twice. */
async function holder(home: string) {
  const child = Bun.spawn(
    [
      "bash",
      "-c",
      `exec 3>f; rm f; head -c ${3 * MIB} /dev/zero >&3; exec 4>&3; echo held; exec sleep 1000`,
    ],
    { cwd: home, stdout: "pipe", stdin: "ignore" },
  );
  const { promise, resolve } = Promise.withResolvers<string>();
  void eachLine(child.stdout, resolve);
  expect(await promise).toBe("held");
  return child;
}

test("what is removed and still open is counted, once", async () => {
  const home = join(folder, "open");
  mkdirSync(home);
  writeFileSync(join(home, "kept"), "x".repeat(MIB));
  const one = await holder(home);
  const other = await holder(home);
  try {
    const without = await sizeOf(home, []);
    expect(without).toMatchObject({ inodes: 2, hidden: false });
    expect(without.bytes).toBeLessThan(2 * MIB);
    const both = await sizeOf(home, [one.pid, other.pid, process.pid]);
    expect(both).toMatchObject({ inodes: 4, hidden: false });
    expect(both.bytes - without.bytes).toBe(6 * MIB);
  } finally {
    for (const child of [one, other]) {
      child.kill("SIGKILL");
      await child.exited;
    }
  }
  // Gone meanwhile: nothing is held by it.
  expect((await sizeOf(home, [one.pid])).inodes).toBe(2);
});

const through = unprivileged();
test.skipIf(through === null)("as an ordinary user:", async () => {
  const { stdout, stderr } = Bun.spawnSync(
    [...(through ?? []), join(folder, "bun"), "-e", AS_NOBODY],
    { cwd: folder, env: { ...process.env, HOME: folder, FOLDER: folder } },
  );
  expect({
    ...JSON.parse(stdout.toString() || "{}"),
    said: stderr.toString(),
  }).toEqual({
    closedFolder: true,
    opened: false,
    noNumber:
      "du --block-size=1 gave no number; GNU coreutils' does: du: unrecognized option",
    removed: true,
    said: "",
  });
});

// A folder that is closed hides what is in it; removing it, however deep, works.
const AS_NOBODY = `
const { sizeOf } = await import("./home-size.ts");
const { removeTree } = await import("./remove.ts");
const { chmodSync, existsSync, mkdirSync, writeFileSync } = await import("node:fs");
mkdirSync("closed/in", { recursive: true });
chmodSync("closed/in", 0);
const closedFolder = (await sizeOf("closed", [])).hidden;
chmodSync("closed/in", 0o700);
const opened = (await sizeOf("closed", [])).hidden;
mkdirSync("bin");
writeFileSync("bin/du", "#!/bin/sh\\necho 'du: unrecognized option' >&2\\nexit 1\\n", { mode: 0o755 });
const { PATH } = process.env;
process.env.PATH = process.env.FOLDER + "/bin:" + PATH;
const noNumber = await sizeOf("closed", []).then(String, (error) => error.message);
process.env.PATH = PATH;
const deep = "n=" + "n".repeat(200) + "; mkdir deep; cd deep; for i in $(seq 60); do mkdir $n; cd $n; done; mkdir -p x/y; chmod 0 x";
Bun.spawnSync(["bash", "-c", deep]);
await removeTree("deep");
console.log(JSON.stringify({ closedFolder, opened, noNumber, removed: !existsSync("deep") }));
`;
