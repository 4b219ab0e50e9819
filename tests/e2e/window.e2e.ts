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
