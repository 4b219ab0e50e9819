import { expect, test } from "bun:test";
import { signIn } from "./harness";
import { opened } from "./harness/opened";

/** What a page knows of the window it is in: its line, its colours, its keyboard. */

const { product, browser } = await opened();

test("a window without a line says so at once, and no more once it has one", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "traveller");
  await page.getByText("No sessions yet").waitFor();
  const words = page.getByText("You are offline.");
  await context.setOffline(true);
  await words.waitFor({ timeout: 6_000 });
  await context.setOffline(false);
  await words.waitFor({ state: "detached" });
  await context.close();
}, 60_000);

test.each(["light", "dark"] as const)(
  "in a %s system the first press of the theme button is seen",
  async (colorScheme) => {
    const page = await (await browser.newContext({ colorScheme })).newPage();
    await page.goto(product.baseUrl);
    const ground = () =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await ground();
    await page.getByRole("button", { name: /^Theme: system/ }).click();
    expect(await ground()).not.toBe(before);
    await page.context().close();
  },
);

test("signing in begins in its one field, and the page's own links do not forget where it leads", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${product.baseUrl}/sign-in?next=%2Fsettings`);
  await page.locator(":focus").waitFor();
  await page.keyboard.type("\u200b");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Type a name of 1 to 64 characters").waitFor();
  expect(await page.getByRole("link", { name: "Sign in" }).count()).toBe(0);
  await page.keyboard.press("Backspace");
  await page.keyboard.type("newcomer");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/settings$/);
  await page.context().close();

  // A finger's keyboard would cover what is to be read first.
  const hasTouch = { hasTouch: true, isMobile: true };
  const phone = await (await browser.newContext(hasTouch)).newPage();
  await phone.goto(`${product.baseUrl}/sign-in`);
  await phone.getByLabel("Your name here").waitFor();
  expect(await phone.locator(":focus").count()).toBe(0);
  await phone.context().close();
}, 60_000);
