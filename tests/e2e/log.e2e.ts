import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { Client, signIn, until, watchErrors, type Launch } from "./harness";
import { opened } from "./harness/opened";
import { sticksOut, wcag } from "./harness/wcag";

/** The log as people see it: beneath a launch's phases, and as a sandbox's activity. */

const { product, browser } = await opened();

async function launch(page: Page): Promise<void> {
  await page.goto(`${product.baseUrl}/slipway/examples/csv-detective`);
  await page.getByRole("button", { name: /^Launch/ }).click();
  await page.waitForURL(/\/sessions\//);
}

const problems = async (page: Page) => [
  ...(await sticksOut(page)),
  ...(await wcag(page)),
];

test("on a phone, by keyboard: the calls of a launch, its details, the sandbox's activity", async () => {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: "dark",
    reducedMotion: "reduce",
    bypassCSP: true,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const errors = watchErrors(page);
  await signIn(page, product, "watcher");
  await launch(page);

  const summary = page.locator("summary").filter({ hasText: "Launched in" });
  await summary.waitFor({ timeout: 60_000 });
  await summary.focus();
  await page.keyboard.press("Enter");
  await page.getByText("Create at the provider: started").waitFor();
  await page.getByText("Install csv-detective: installed").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Launch of csv-detective asked for (cold)").waitFor();
  await page.getByRole("button", { name: "Copy the details" }).press("Enter");
  await page.getByText("Copied").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain("Create at the provider: started");
  expect(copied).toMatch(/^launch \w+\nskill local\/slipway\/examples/);
  expect(await problems(page)).toEqual([]);

  await page.goto(`${product.baseUrl}/dashboard`);
  const activity = page.locator("summary").filter({ hasText: "Activity" });
  await activity.focus();
  await page.keyboard.press("Enter");
  await page.getByText("The sandbox is running").waitFor();
  expect(await page.getByText("Write the keys").count()).toBe(0);
  await page.getByLabel("Show every call and step").press("Space");
  await page.getByText("Write the keys: claimed").waitFor();
  expect(await problems(page)).toEqual([]);

  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("Stop asked for").waitFor();
  await page.getByText("The sandbox is stopped").waitFor({ timeout: 60_000 });
  expect(errors).toEqual([]);
  await context.close();
}, 180_000);

test("a launch that fails shows which call failed, and why", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "unlucky");
  await product.faults([
    { route: "POST /sandbox", kind: "error-before", status: 403, count: 1 },
  ]);
  await launch(page);
  const summary = page.locator("summary").filter({ hasText: "launch failed" });
  await summary.waitFor({ timeout: 60_000 });
  await summary.click();
  await page.getByText("Create at the provider: refused").waitFor();
  await context.close();
}, 120_000);

test("the log of a skill's own sandbox that was deleted is there in its conversation, and fits", async () => {
  const client = await Client.of(product, "owner");
  const { body } = await client.ask<Launch>("POST", "/launches", {
    ...{ skill: "slipway/examples/csv-detective", own: true },
  });
  const { sessionId } = await client.ended(body.launchId);
  const [sandbox] = await client.sandboxes();
  await client.ask("DELETE", `/sandboxes/${sandbox?.slotId}`);
  await until("its end", async () => (await client.sandboxes()).length === 0);

  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    ...{ reducedMotion: "reduce", bypassCSP: true },
  });
  const page = await context.newPage();
  await signIn(page, product, "owner");
  await page.goto(`${product.baseUrl}/sessions/${sessionId}`);
  const details = page.getByRole("complementary", {
    name: "Details of this session",
  });
  await details.locator("summary").filter({ hasText: "Activity" }).click();
  await details.getByText("There is no sandbox any more").waitFor();
  await details.getByText("Deletion asked for").waitFor();
  expect(await details.evaluate((it) => it.scrollWidth - it.clientWidth)).toBe(
    0,
  );
  expect(await problems(page)).toEqual([]);
  await context.close();
}, 120_000);
