import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { Client, signIn, until } from "./harness";
import { opened } from "./harness/opened";

/** Where the focus goes when the button that had it goes away because it was pressed. */

const SKILL = "slipway/examples/csv-detective";
/** The headings of a sandbox's card, and of the section it is in. */
const [CARD, SECTION] = ["Your sandbox", "Sandbox"];

const { product, browser } = await opened({ SLIPWAY_MAX_SANDBOXES: "1" });

/** Presses the buttons in turn, by keyboard, and waits for what has the focus then. */
async function presses(page: Page, names: string[], then: string) {
  for (const name of names) {
    const exact = { name, exact: true };
    const dialog = page.getByRole("dialog").getByRole("button", exact);
    await dialog.or(page.getByRole("button", exact)).last().press("Enter");
  }
  await focusOn(page, then);
}

async function focusOn(page: Page, wanted: string) {
  let last = "";
  await until(`focus on "${wanted}"`, async () => {
    last = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      return element.ariaLabel ?? element.innerText;
    });
    return last === wanted;
  }).catch((error: unknown) => {
    throw new Error(`It is on "${last.slice(0, 60)}".`, { cause: error });
  });
}

async function settled(client: Client, status: string) {
  await until(`sandbox that is ${status}`, async () => {
    const [only] = await client.sandboxes();
    return only?.state.status === status;
  });
}

test("after each of a sandbox's actions the focus is on its heading, or on what is left around it", async () => {
  const client = await Client.of(product, "ada");
  await client.launchReady(SKILL);
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "ada");
  const [stop, start] = ["Stop", "Start"].map((name) =>
    page.getByRole("button", { name, exact: true }),
  );

  await presses(page, ["Stop"], CARD);
  await start?.waitFor();
  await presses(page, ["Start"], CARD);
  await stop?.waitFor();
  await presses(page, ["Stop all", "Stop all"], SECTION);
  await start?.waitFor();
  await settled(client, "stopped");
  await presses(page, ["Replace", "Replace sandbox"], CARD);
  await until("its replacement", async () => {
    const [only] = await client.sandboxes();
    return only?.generation === 2 && only.state.status === "running";
  });
  await presses(page, ["Delete", "Delete sandbox"], SECTION);
  await page.getByText("No sandbox").waitFor();
  await page.context().close();
}, 120_000);

test("who leaves the queue is where they were, on the dashboard and in the session", async () => {
  const [bea, cy] = [
    await Client.of(product, "bea"),
    await Client.of(product, "cy"),
  ];
  const { sessionId } = await cy.launchReady(SKILL);
  await cy.ask("POST", "/sandboxes/stop-all");
  await settled(cy, "stopped");
  await bea.launchReady(SKILL);
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "cy", `/sessions/${sessionId}`);

  const leave = "Leave the queue";
  await presses(page, ["Start it"], "Your next message");
  await presses(page, [leave], "Your next message");
  await page.goto(`${product.baseUrl}/dashboard`);
  const [slot] = await cy.sandboxes();
  await cy.ask("POST", `/sandboxes/${slot?.slotId}/start`);
  await presses(page, [leave], CARD);
  const { url } = await cy.launch(SKILL);
  await page.goto(new URL(url, product.baseUrl).href);
  await presses(page, [leave], "How the launch ended");

  await bea.ask("POST", "/sandboxes/stop-all");
  await settled(bea, "stopped");
  await page.context().close();
}, 60_000);

test("in Settings: a key's field has the focus, and what is left when a token is revoked", async () => {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "dee", "/settings");
  const card = page.getByRole("region", { name: "OpenRouter" });
  await card.getByRole("button", { name: "Add key" }).press("Enter");
  const key = card.getByLabel("Key");
  expect(await key.evaluate((it) => it === document.activeElement)).toBe(true);

  await page.getByRole("button", { name: "New token" }).press("Enter");
  await page.getByLabel("Name").fill("Nightly");
  await page.keyboard.press("Enter");
  await page.getByText("cannot be shown again").waitFor();
  await presses(page, ["Done"], "New token");
  await presses(page, ["Revoke Nightly", "Revoke token"], "Personal tokens");
  await page.context().close();
}, 60_000);
