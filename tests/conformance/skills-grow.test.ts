import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { api } from "../../convex/_generated/api";
import { createSkillHost, type SkillHost } from "../../emulators/skillhost";
import { commitAll } from "./repositories";
import { backend, failureOf, openSkill } from "./skills-support";

/** Repositories that change after somebody looked at them. */

let root: string;
let host: SkillHost;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-grow-"));
  host = await createSkillHost({
    dataDir: join(root, "data"),
    examplesDir: join(import.meta.dir, "../../examples/skills"),
    skillsDir: join(root, "skills"),
  });
  const at = { gitUrl: host.url, archiveUrl: host.url };
  process.env.SLIPWAY_GIT_HOSTS = JSON.stringify([{ host: "local", ...at }]);
});

afterAll(async () => {
  delete process.env.SLIPWAY_GIT_HOSTS;
  await host.close();
  await rm(root, { recursive: true, force: true });
});

test("what was added since is found once the last look is old", async () => {
  const t = backend();
  const repo = join(root, "skills/ada/later");
  const grow = async (name: string) => {
    const text = `---\nname: ${name}\ndescription: d\n---\n`;
    await Bun.write(join(repo, `skills/${name}/SKILL.md`), text);
    await commitAll(repo);
  };
  const age = () =>
    t.run(async (ctx) => {
      const rows = await ctx.db.query("resolutions").collect();
      for (const { _id } of rows) await ctx.db.patch(_id, { checkedAt: 1 });
    });
  await Bun.write(join(repo, "README.md"), "Soon.");
  await commitAll(repo);
  for (const name of ["first", "second"]) {
    const link = `ada/later/${name}`;
    const open = () => t.action(api.skills.open, { link });
    const refused = await failureOf(open());
    expect(refused.code).toBe("skill_not_found");
    await grow(name);
    // A moment after the look its word stands, and costs nobody another.
    expect(await failureOf(open())).toEqual(refused);
    await age();
    expect((await openSkill(t, link)).name).toBe(name);
  }
});
