import { afterAll, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { api } from "../../convex/_generated/api";
import {
  Client,
  git,
  repository,
  signIn,
  skillMd,
  watchErrors,
} from "./harness";
import { opened } from "./harness/opened";
import { symlink } from "node:fs/promises";
import { join } from "node:path";

/** A model provider that takes no key. */
const strict = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: () => Response.json({ error: "bad key" }, { status: 401 }),
});
afterAll(() => strict.stop(true));

const { product, browser } = await opened({
  SLIPWAY_MODEL_PROVIDERS: JSON.stringify([
    { id: "strict", label: "Strict", baseUrl: `${strict.url.origin}/v1` },
  ]),
});
const files = Array.from({ length: 1_100 }, (_, n) => [
  `crowded/${n}.txt`,
  `${n}`,
]);
await repository(product.skillsDir, "bad", "skills", {
  "skills/no-description/SKILL.md": "---\nname: no-description\n---\nHm.\n",
  "skills/heavy/SKILL.md": skillMd("heavy", "Heavy."),
  "skills/heavy/big.bin": crypto
    .getRandomValues(new Uint8Array(65_536))
    .slice(),
  "skills/escape/SKILL.md": skillMd("escape", "Out."),
  ...Object.fromEntries(
    files.map(([path, text]) => [`skills/${path}`, text ?? ""]),
  ),
  "skills/crowded/SKILL.md": skillMd("crowded", "Crowded."),
});
const dir = join(product.skillsDir, "bad", "skills", "skills");
await Bun.write(join(dir, "heavy", "huge.bin"), new Uint8Array(27 << 20));
await symlink("../../../../../etc/passwd", join(dir, "escape", "passwd"));
git(join(product.skillsDir, "bad", "skills"), "add", "-A");
git(join(product.skillsDir, "bad", "skills"), "commit", "-q", "-m", "Worse");

type Problem = { code: string; detail: string; next: string; status: number };

test.each([
  ["not a link", "https://", "bad_link", 422],
  [
    "a host that is not allowed",
    "https://evil.example/a/b",
    "host_not_allowed",
    422,
  ],
  ["an unknown skill", "bad/skills/nowhere", "skill_not_found", 404],
  [
    "a skill without a description",
    "bad/skills/no-description",
    "skill_invalid",
    422,
  ],
  ["an oversized skill", "bad/skills/heavy", "archive_too_large", 413],
  ["too many files", "bad/skills/crowded", "archive_too_large", 413],
  ["a link out of its folder", "bad/skills/escape", "archive_hostile", 422],
])(
  "%s is refused with a reason and a way on",
  async (_, skill, code, status) => {
    const client = await Client.of(product, "careful");
    const answer = await client.ask<Problem>("POST", "/launches", { skill });
    expect(answer.body).toMatchObject({ code, status });
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toMatch(/\w/);
    expect(answer.body.next).toMatch(/\w/);
    // Nothing half-made stays behind.
    const { body } = await client.ask<{ launches: unknown[] }>(
      "GET",
      "/launches",
    );
    expect(body.launches).toEqual([]);
    expect(await product.providerSandboxes()).toEqual([]);
  },
);

test("a wrong key is refused in Settings with a next step, and nothing is kept of it", async () => {
  const page = await (await browser.newContext()).newPage();
  const errors = watchErrors(page);
  await signIn(page, product, "keys", "/settings");
  const card = page.getByRole("region", { name: "Strict" });
  await card.getByRole("button", { name: "Add key" }).click();
  await card.getByLabel("Key").fill("sk-wrong-0000");
  await card.getByLabel("Model").fill("some/model");
  await card.getByRole("button", { name: "Use Strict" }).click();
  const alert = card.getByRole("alert");
  await alert.getByText("Enter a valid key").waitFor();
  expect(errors).toEqual([]); // it is an answer, and no fault of the page
  await page.reload();
  await card.getByText("No key yet").waitFor();
  expect(await page.getByText("0000").count()).toBe(0);
  await page.context().close();
}, 120_000);

test("a wrong provider key is refused, and none is kept", async () => {
  const { endpoints } = await product.health();
  const convex = new ConvexHttpClient(endpoints.backend, { logger: false });
  convex.setAuth(await product.token("careful"));

  const saving = convex.action(api.settings.saveKey, {
    providerId: "strict",
    key: "sk-wrong-key-0000",
    model: "any",
  });

  const error: unknown = await saving.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConvexError);
  expect((error as ConvexError<{ code: string }>).data.code).toBe(
    "model_refused_key",
  );
  const settings = await convex.query(api.settings.get, {});
  expect(settings?.providers).toMatchObject([{ id: "strict", lastFour: null }]);
});
