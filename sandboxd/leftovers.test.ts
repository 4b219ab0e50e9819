import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent";
import { digestOnDisk } from "./digest";
import { HermesHome } from "./hermes-home";
import { Disk } from "./keep/disk";
import { layoutOf, type Layout } from "./layout";
import { discardLeft } from "./leftovers";
import { SkillStore } from "./skills";
import { Turns } from "./turns";

let layout: Layout;
beforeEach(async () => {
  layout = layoutOf(await mkdtemp(join(tmpdir(), "slipway-left-")));
});
afterEach(() => rm(layout.home, { recursive: true, force: true }));

const storeOf = () => new SkillStore(layout, () => Promise.resolve());

test("what earlier boots left is moved at once, and removed later", async () => {
  const skills = storeOf();
  const home = new HermesHome(layout, {
    config: () => null,
    skills: () => skills.list(),
  });
  const agent = new Agent(layout, home, layout.home);
  const disk = new Disk(layout, agent, new Turns(layout, agent, skills));
  const restore = join(layout.slipway, "restore");
  for (const at of [layout.staging, restore]) {
    await mkdir(join(at, "left"), { recursive: true });
    await writeFile(join(at, "left/file"), "");
  }
  await skills.load();
  await disk.recover();
  const left = (await readdir(layout.slipway)).filter((n) => n !== "skills");
  expect(left).toHaveLength(2); // with all that is in them
  for (const name of left) {
    expect(await readdir(join(layout.slipway, name, "left"))).toEqual(["file"]);
  }
  await discardLeft(layout.slipway);
  expect(await readdir(layout.slipway)).toEqual(["skills"]);
});

test("a skill that is not verified in time is missing", async () => {
  const above = join(layout.skills, "local/acme/tools/one");
  await mkdir(join(above, "new"), { recursive: true });
  await writeFile(join(above, "new/SKILL.md"), "text");
  const digest = await digestOnDisk(join(above, "new"));
  const folder = join(above, `@${digest}`);
  await mkdir(folder);
  await writeFile(join(folder, "SKILL.md"), "text");
  await writeFile(`${folder}.json`, JSON.stringify({ shas: ["a"] }));
  await rm(join(above, "new"), { recursive: true });

  const late = storeOf();
  await late.load(0);
  expect(await late.list()).toEqual([]);
  const found = storeOf();
  await found.load();
  expect(await found.list()).toMatchObject([{ path: folder }]);
});
