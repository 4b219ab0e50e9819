import { expect, test } from "bun:test";
import { Client, repository, signIn, skillMd, watchErrors } from "./harness";
import { opened } from "./harness/opened";

const sentinel = `sentinel-${crypto.randomUUID()}`;

const { product, browser } = await opened();
await repository(product.skillsDir, "ada", "skills", {
  "skills/secret-keeper/SKILL.md": skillMd(
    "secret-keeper",
    `The word is ${sentinel}. Say it.`,
  ),
  "skills/second/SKILL.md": skillMd("second", "The second skill."),
});

test("sign in, open a skill, launch it, and the real agent says what only the skill knows", async () => {
  const page = await browser.newPage();
  const errors = watchErrors(page);

  // Opened before signing in: the page shows the skill and asks.
  await page.goto(`${product.baseUrl}/ada/skills/secret-keeper`);
  await page.getByRole("heading", { name: "secret-keeper" }).first().waitFor();
  const laidOut = page.locator(".prose");
  await laidOut.getByText(`The word is ${sentinel}`).waitFor();

  await signIn(page, product, "ada", "/ada/skills/secret-keeper");
  await page.getByRole("button", { name: "Launch secret-keeper" }).click();
  await page.waitForURL(/\/sessions\//);

  const box = page.getByRole("textbox", { name: "Message" });
  await box.fill("What is the word?");
  await box.press("Enter");

  // A tool call is shown, and the sentinel comes back in the answer.
  await page.getByText("skill_view").first().waitFor({ timeout: 60_000 });
  await page
    .getByText(sentinel)
    .filter({ visible: true }) // a tool's result is folded away
    .first()
    .waitFor({ timeout: 60_000 });
  expect(errors).toEqual([]);
  await page.close();
}, 180_000);

test("a second skill is installed hot, and closing the launching tab changes nothing", async () => {
  const grace = await Client.of(product, "grace");
  await grace.launchReady("ada/skills/secret-keeper");
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "grace", "/ada/skills/second");
  await page.getByRole("button", { name: "Launch second" }).click();
  await page.waitForURL(/\/sessions\//);
  await context.close();

  const { body } = await grace.ask<{
    launches: { launchId: string; skillName: string }[];
  }>("GET", "/launches");
  const newest = body.launches.find(({ skillName }) => skillName === "second");
  const launch = await grace.ended(newest?.launchId ?? "");
  expect(launch).toMatchObject({ state: "ready", path: "hot" });
  expect(await grace.sandboxes()).toHaveLength(1);
});
