import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { until } from "../../tests/e2e/harness/until";
import { eachLine, run } from "./run";

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

test("what a program prints comes back, its last line of output apart", async () => {
  const seen: string[] = [];
  const progress = (line: string) => seen.push(line);
  const script = "echo one; echo two; echo 'words ' >&2; exit 3";
  const ran = await run(["bash", "-c", script], { progress, keep: 2 });
  expect(ran).toMatchObject({ ok: false, code: 3, answer: "two" });
  expect(ran.output.split("\n")).toHaveLength(2);
  expect(seen.sort()).toEqual(["one", "two", "words"]);
});

/** Runs a group of two in a process of its own, which ends them by `signal`. */
const OWNER = `
import { endGroups, hasGroups, run } from ${JSON.stringify(`${import.meta.dir}/run.ts`)};
const script = process.argv.at(-1);
const settled = () => console.log("settled");
run(["bash", "-c", script], { group: true, progress: (line) => console.log(line) }).then(settled, settled);
process.on("SIGTERM", async () => {
  await endGroups(300);
  run(["echo", "started"], { progress: (line) => console.log(line) }).then(settled, settled);
  console.log("ended", hasGroups());
  setTimeout(() => process.exit(), 50);
});
`;

const deaf = "trap '' TERM; ";
test.each([
  ["asked", ""],
  ["killed where it does not listen", deaf],
])("a group ends with us: %s", async (_, how) => {
  const script = `${how}sleep 1000 & echo $$ $!; wait`;
  const owner = Bun.spawn([process.execPath, "-e", OWNER, script], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const said: string[] = [];
  const reading = eachLine(owner.stdout, (line) => said.push(line));
  const first = await until("line of both", async () => said[0]);
  const pids = first.split(" ").map(Number);
  expect(pids.map(isAlive)).toEqual([true, true]);
  owner.kill("SIGTERM");
  await reading;
  expect(said.slice(1)).toEqual(["ended false"]);
  // Gone as soon as the system has taken notice of their end.
  await until("end of both", async () => !pids.some(isAlive));
});
