import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commitAll } from "./repositories";

/** The scripts that the example skills bring along do what their skills promise. */

const EXAMPLES = join(import.meta.dir, "../../examples/skills");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-examples-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...command: string[]) {
  const child = Bun.spawn(command, {
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

test("csv-detective finds what is wrong with a file", async () => {
  const rows = [
    "id,zip,total,total",
    "1,01234,12.50,a",
    '2,00001,"12,50", b ',
    "3,99999,7,b,extra",
  ];
  await Bun.write(join(folder, "t.csv"), `\ufeff${rows.join("\n")}\n`);
  const script = join(EXAMPLES, "csv-detective/scripts/profile_csv.py");
  const { out, code } = await run("python3", script, "--json", "t.csv");
  expect(code).toBe(0);
  const report = JSON.parse(out);
  expect(report).toMatchObject({
    rows: 3,
    delimiter: ",",
    encoding: "utf-8-sig",
    ragged: [{ line: 4, fields: 5 }],
  });
  expect(report.columns.map((c: { name: string }) => c.name)).toEqual([
    "id",
    "zip",
    "total",
    "total",
  ]);
  const said = JSON.stringify(report);
  for (const finding of [
    "leading zeros",
    "decimal comma",
    "column names repeat: total",
    "spaces around",
  ]) {
    expect(said).toContain(finding);
  }
  expect((await run("python3", script, "absent.csv")).code).toBe(1);
});

test("regex-coach tells right from wrong and slow from quick", async () => {
  const node = join(EXAMPLES, "regex-coach/scripts/try.mjs");
  const python = join(EXAMPLES, "regex-coach/scripts/try_regex.py");
  const right = ["^\\d{4}$", "--yes", "2024", "--no", "24"];
  const wrong = ["^\\d+$", "--yes", "2024", "--no", "24"];
  expect((await run("node", node, "--js", ...right)).code).toBe(0);
  expect((await run("node", node, "--js", ...wrong)).out).toContain("WRONG");
  expect((await run("python3", python, ...right)).code).toBe(0);
  expect((await run("python3", python, ...wrong)).code).toBe(1);
  const slow = await run("node", node, "--js", "^(\\w+\\s?)*$", "--stress");
  expect(slow.out).toContain("SLOW");
}, 20_000);

test("accessible-html-review sees who is stopped, and where", async () => {
  const script = join(EXAMPLES, "accessible-html-review/scripts/check_html.py");
  await Bun.write(
    join(folder, "bad.html"),
    '<html><body>\n<div onclick="x()">Menu</div>\n<input placeholder="Name">\n',
  );
  await Bun.write(
    join(folder, "good.html"),
    '<html lang="en"><head><title>T</title></head><body><main><h1>T</h1>' +
      '<label>Name <input></label><img src="a" alt=""></main></body></html>',
  );
  const bad = await run("python3", script, "bad.html");
  expect(bad.out).toContain("bad.html:2: blocker: <div> is clickable");
  expect(bad.out).toContain("bad.html:3: blocker: <input> has no label");
  expect((await run("python3", script, "good.html")).code).toBe(0);
  const contrast = await run("python3", script, "--contrast", "#777", "#fff");
  expect(contrast.out).toContain("4.48:1");
});

test("changelog-writer collects the commits of a range", async () => {
  await Bun.write(join(folder, "repo/a.txt"), "a\n");
  await commitAll(join(folder, "repo"));
  const script = join(EXAMPLES, "changelog-writer/scripts/collect.sh");
  const inside = await run("bash", "-c", `cd repo && bash ${script}`);
  expect(inside.code).toBe(0);
  expect(inside.out).toContain("# 1 commits, 0 of them merges");
  expect(inside.out).toContain("a.txt");
  const unknown = await run("bash", "-c", `cd repo && bash ${script} v9`);
  expect(unknown.err).toContain('there is no commit "v9"');
});
