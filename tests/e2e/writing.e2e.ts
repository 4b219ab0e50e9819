import { expect, test } from "bun:test";
import type { Locator } from "playwright-core";
import { Client, signIn, watchErrors } from "./harness";
import { opened } from "./harness/opened";

/** A message while it is written, and an answer while it is. */

const { product, browser } = await opened();

test("an input method's own Enter sends nothing; a link keeps the focus while its answer is written", async () => {
  const client = await Client.of(product, "writer");
  const { sessionId } = await client.launchReady(
    "slipway/examples/csv-detective",
  );
  const page = await (await browser.newContext()).newPage();
  const errors = watchErrors(page);
  await signIn(page, product, "writer", `/sessions/${sessionId}`);
  const box = page.getByRole("textbox", { name: "Message" });
  const link = "https://a.example/";
  await box.fill(`Look at ${link} ${"and say what it is about ".repeat(14)}`);

  // As Chrome and Firefox tell of it, and as Safari does.
  for (const press of [{ isComposing: true }, { keyCode: 229 }]) {
    const taken = await box.evaluate(
      (area, how) =>
        !area.dispatchEvent(
          new KeyboardEvent("keydown", {
            ...{ key: "Enter", bubbles: true, cancelable: true },
            ...how,
          }),
        ),
      press,
    );
    expect(taken).toBe(false);
  }
  expect(await box.inputValue()).toContain(link);
  expect(await client.messages(sessionId)).toEqual([]);

  // Focused in the very change that brings it, so that more is still to come.
  const focused = page.evaluate(
    (href) =>
      new Promise<number>((resolve) => {
        new MutationObserver((_, observer) => {
          const anchor = document.querySelector<HTMLElement>(
            `article[data-state] a[href="${href}"]`,
          );
          if (!anchor) return;
          observer.disconnect();
          anchor.focus();
          resolve(anchor.closest("article")?.innerText.length ?? 0);
        }).observe(document.body, { childList: true, subtree: true });
      }),
    link,
  );
  await box.press("Enter");
  const before = await focused;
  const answer = page.locator('article[data-state="done"]');
  expect((await answer.innerText()).length).toBeGreaterThan(before);
  const held = () => document.activeElement?.getAttribute("href");
  expect(await page.evaluate(held)).toBe(link);
  expect(errors).toEqual([]);
  await page.context().close();
}, 120_000);

test("who sends a message while they read further up is taken to it, and to its answer", async () => {
  const client = await Client.of(product, "scroller");
  const { sessionId } = await client.launchReady(
    "slipway/examples/csv-detective",
  );
  await client.chat(sessionId, "A line of an old message.\n".repeat(80));
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "scroller", `/sessions/${sessionId}`);
  const answers = page.locator('article[data-state="done"]');
  await answers.waitFor();
  const latest = page.getByRole("button", { name: "Latest" });
  const box = page.getByRole("textbox", { name: "Message" });

  for (const n of [2, 3]) {
    await page.getByText("Launched in").scrollIntoViewIfNeeded();
    await latest.waitFor();
    const said = `No. ${n} ${"is longer than what counts as near. ".repeat(9)}`;
    await box.fill(said);
    await box.press("Enter");
    await answers.nth(n - 1).waitFor();
    await latest.waitFor({ state: "detached" });
    expect(await below(answers.nth(n - 1))).toBeLessThan(0);
  }
  await page.context().close();
}, 120_000);

/** How far an answer's end is below what is seen of the conversation, in px. */
function below(answer: Locator): Promise<number> {
  return answer.evaluate((article) => {
    const frame = article.closest("[role=log]")?.parentElement;
    const { bottom } = frame?.getBoundingClientRect() ?? { bottom: 0 };
    return article.getBoundingClientRect().bottom - bottom;
  });
}
