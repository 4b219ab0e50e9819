import { expect, test } from "bun:test";
import { join } from "node:path";
import { MAX_POSITION } from "../convex/model/admission";
import { output, queueWords } from "./output";
import { answers, answersInTests, json, slipway } from "./fixtures";

answersInTests();

test("where the count ends, nobody is told a place that may be a later one", () => {
  const words = (position: number) => queueWords({ position, ownCap: null });
  expect(words(MAX_POSITION - 1)).toBe("99th in line");
  expect(words(MAX_POSITION)).toBe("100th or later in line");
});

/** Sets the clipboard, moves the cursor up, clears, in C1, and turns what follows around. */
const HOSTILE =
  "a\u001b]52;c;eA==\u0007\u001b[1A\r\u007f\u009b2J\u202e\u2067b\tc\nd";
const SHOWN = "a]52;c;eA==[1A2Jb\tc";

test("what a sandbox says steers no terminal, and passes for no line of ours", () => {
  let written = "";
  const write = (text: string) => (written += text);
  const out = output(false, { isTTY: true, write });
  const told = (tell: () => void) => {
    written = "";
    tell();
    return written;
  };
  expect(told(() => out.write(HOSTILE))).toBe(`${SHOWN}\nd`);
  expect(told(() => out.say(HOSTILE))).toBe(`${SHOWN} d\n`);
  expect(told(() => out.status(HOSTILE))).toBe(`${SHOWN} d`);
  const programs = output(true, { isTTY: true, write });
  const record = told(() => programs.emit({ text: HOSTILE }));
  expect(record).not.toMatch(/[\p{Cc}\u202e\u2067](?!$)/u);
  expect(JSON.parse(record)).toEqual({ text: HOSTILE });
});

test("nor does a failure that is told", async () => {
  const detail = HOSTILE;
  answers["GET /api/v1/launches"] = [
    json({ code: "c", detail, status: 404 }, 404),
  ];
  expect((await slipway(["list"])).stderr).toBe(`${SHOWN}\nd\n`);
  const { stdout } = await slipway(["list", "--json"]);
  expect(stdout).not.toContain("\u009b");
  expect(JSON.parse(stdout)).toMatchObject({ detail });
});

test("whoever stops reading ends it, without a word", async () => {
  const main = join(import.meta.dir, "main.ts");
  const child = Bun.spawn(
    [
      "bash",
      "-c",
      '"$0" "$1" --help | true; echo ${PIPESTATUS[0]}',
      process.execPath,
      main,
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  // What `true` did not wait for may still have found room in the pipe.
  expect(["141\n", "0\n"]).toContain(stdout);
  expect(stderr).toBe("");
});
