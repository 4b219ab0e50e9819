import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { api } from "../../convex/_generated/api";
import { createBackend } from "../../emulators/backend";
import type { Backend } from "../../emulators/backend";
import { createSkillHost } from "../../emulators/skillhost";
import type { SkillHost } from "../../emulators/skillhost";
import { commitAll } from "./repositories";

let root: string;
let host: SkillHost;
let backend: Backend;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-skills-backend-"));
  const skill = join(root, "skills/ada/tools/skills/one");
  await Bun.write(
    join(skill, "SKILL.md"),
    "---\nname: one\ndescription: First\n---\nHello\n",
  );
  await commitAll(join(root, "skills/ada/tools"));
  host = await createSkillHost({
    dataDir: join(root, "host"),
    examplesDir: join(import.meta.dir, "../../examples/skills"),
    skillsDir: join(root, "skills"),
  });
  backend = await createBackend({
    functions: join(import.meta.dir, "../../convex"),
    data: join(root, "backend"),
    env: {
      SLIPWAY_MODE: "embedded",
      SLIPWAY_GIT_HOSTS: JSON.stringify([
        { host: "local", gitUrl: host.url, archiveUrl: host.url },
      ]),
    },
  });
});

afterAll(async () => {
  await backend.close();
  await host.close();
  await rm(root, { recursive: true, force: true });
});

beforeEach(() => backend.reset());

test("twenty at once end with one record and one stored archive", async () => {
  const client = new ConvexHttpClient(backend.url);
  const forms = ["ada/tools/one", "ada/tools/skills/one", "ada/tools"];
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      client.action(api.skills.open, { link: forms[i % 3] ?? "" }),
    ),
  );
  expect(new Set(all.map((answer) => JSON.stringify(answer))).size).toBe(1);
  const rows = await backend.transaction(async (ctx) => ({
    skills: await ctx.db.query("skills").take(10),
    files: await ctx.db.system.query("_storage").take(10),
    listings: await ctx.db.query("listings").take(10),
    resolutions: await ctx.db.query("resolutions").take(10),
  }));
  expect(rows.skills).toHaveLength(1);
  expect(rows.files).toHaveLength(1);
  expect(rows.listings).toHaveLength(1);
  expect(rows.resolutions).toHaveLength(1);
});

test("a failure reaches the client with its code and its way on", async () => {
  const client = new ConvexHttpClient(backend.url);
  const open = client.action(api.skills.open, { link: "ada/tools/two" });
  const error: unknown = await open.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConvexError);
  expect((error as ConvexError<{ code: string }>).data).toMatchObject({
    code: "skill_not_found",
    message: 'ada/tools has no skill "two". It has one.',
    retryable: false,
  });
});

test("the examples are there for the home page", async () => {
  const client = new ConvexHttpClient(backend.url);
  await client.action(api.skills.open, { link: "slipway/examples" });
  const examples = await client.query(api.skills.examples);
  expect(examples.map((skill) => skill.name)).toContain("csv-detective");
});
