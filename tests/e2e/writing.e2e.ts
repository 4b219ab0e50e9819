import { expect, test } from "bun:test";
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
