import { afterEach, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { Client, repository, signIn, skillMd, until } from "./harness";
import { opened } from "./harness/opened";

/** Two places for everybody, one of them for one person at most. */
const { product, browser } = await opened({
  SLIPWAY_MAX_SANDBOXES: "2",
  SLIPWAY_MAX_SANDBOXES_PER_USER: "1",
});
await repository(product.skillsDir, "line", "skills", {
  "skills/one/SKILL.md": skillMd("one", "One."),
  "skills/two/SKILL.md": skillMd("two", "Two."),
});

/** Tests run in any order: each leaves all places free. */
afterEach(async () => {
  for (const user of ["ada", "bea", "cy", "dee", "eve"]) {
    const client = await Client.of(product, user);
    await client.ask("POST", "/sandboxes/stop-all");
    await client.ask("DELETE", "/sandboxes/restore");
  }
  await until("all places to be free", async () => {
    const there = await product.providerSandboxes();
    return there.every(({ state }) => state === "stopped");
  });
}, 60_000);

async function launchOnScreen(user: string, skill: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, user, `/line/skills/${skill}`);
  await page.getByRole("button", { name: `Launch ${skill}` }).click();
  await page.waitForURL(/\/sessions\//);
  return page;
}

/** Stopped ones of other tests hold no place. */
async function started(): Promise<number> {
  const all = await product.providerSandboxes();
  return all.filter(({ state }) => state === "started").length;
}

const heading = (page: Page, name: string) =>
  page.getByRole("heading", { name, exact: true });

test("who comes when all places are taken sees which one in line, moves up, and is let in", async () => {
  const [ada, bea] = [
    await Client.of(product, "ada"),
    await Client.of(product, "bea"),
  ];
  await Promise.all([
    ada.launchReady("line/skills/one"),
    bea.launchReady("line/skills/one"),
  ]);

  const cy = await launchOnScreen("cy", "one");
  await heading(cy, "You are next in the queue").waitFor();
  const dee = await launchOnScreen("dee", "one");
  await heading(dee, "You are 2nd in the queue").waitFor();
  await dee.getByText("It starts by itself when one is free").waitFor();
  expect(await started()).toBe(2);

  // The one before leaves: the other moves up, on the screen as it is. What was
  // written ahead is said to have no sandbox once, without a try that is refused.
  await cy.getByRole("textbox", { name: "Message" }).fill("Are you there?");
  await cy.keyboard.press("Enter");
  await cy.getByText(/^Queued\./).waitFor();
  await cy.getByRole("button", { name: "Leave the queue" }).click();
  await cy.getByText("The launch was cancelled").first().waitFor();
  await cy.locator('article[data-state="failed"]').waitFor();
  expect(await cy.getByRole("button", { name: "Retry" }).count()).toBe(0);
  expect(await cy.getByRole("button", { name: "Launch again" }).count()).toBe(
    1,
  );
  await heading(dee, "You are next in the queue").waitFor();
  const [left] = await (await Client.of(product, "cy")).sandboxes();
  expect(left?.state.status).toBe("empty");

  // A place frees: nobody has to press anything.
  const [place] = await ada.sandboxes();
  await ada.ask("POST", `/sandboxes/${place?.slotId}/stop`);
  await dee
    .locator("summary")
    .filter({ hasText: "Launched in" })
    .waitFor({ timeout: 60_000 });
  expect(await started()).toBe(2);

  // Who stopped waits for a place like everybody else.
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "ada");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("You are next in the queue").first().waitFor();
  await page.getByRole("button", { name: "Leave the queue" }).click();
  await page.getByText("Stopped").first().waitFor();
});

test("who has all places of their own is told to stop one, and that lets the next in", async () => {
  const client = await Client.of(product, "eve");
  await client.launchReady("line/skills/one");
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "eve", "/line/skills/two");
  await page.getByLabel("Its own sandbox").check();
  await page.getByText("No other one is in this").waitFor();
  await page.getByRole("button", { name: "Launch two" }).click();
  await page.waitForURL(/\/sessions\//);
  await heading(page, "You have 1 of 1 sandbox running").waitFor();
  await page.getByRole("link", { name: "Open the dashboard" }).click();
  await page.waitForURL(/\/dashboard/);
  await page.getByText("no other skill is launched into it").waitFor();

  await page.getByRole("button", { name: "Stop", exact: true }).click();

  await until(
    "the launch into a sandbox of its own",
    async () => {
      const all = await client.sandboxes();
      const own = all.find(({ skills }) =>
        skills.some(({ name }) => name === "two"),
      );
      return all.length === 2 && own?.state.status === "running";
    },
    { withinMs: 60_000 },
  );
});
