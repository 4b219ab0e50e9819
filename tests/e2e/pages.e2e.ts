import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import {
  Client,
  repository,
  signIn,
  skillMd,
  until,
  watchErrors,
} from "./harness";
import { opened } from "./harness/opened";

const { product, browser } = await opened();
await repository(product.skillsDir, "ada", "skills", {
  "skills/one/SKILL.md": skillMd(
    "one",
    "![Chart](https://tracker.example/p.png) <b>not bold</b> The word is one.",
  ),
  "skills/one/scripts/run.sh": "#!/bin/sh\necho one\n",
  "skills/two/SKILL.md": skillMd("two", "The word is two."),
});

/** A page of a person of its own, so that tests do not meet each other. */
async function pageOf(user: string, path: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, user, path);
  return page;
}

/** The slots that the provider has sandboxes of; those of other tests may come late, and go. */
async function slotsAtProvider(): Promise<Set<string | undefined>> {
  const all = await product.providerSandboxes();
  return new Set(all.map(({ labels }) => labels["slipway-slot"]));
}

async function launch(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Launch ${name}` }).click();
  await page.waitForURL(/\/sessions\//);
  await page.getByText(`The agent has ${name}.`).waitFor({ timeout: 60_000 });
}

describe("without any script", () => {
  test("the skill's page shows the skill, asks, and a GET launches nothing", async () => {
    const before = await slotsAtProvider();
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${product.baseUrl}/ada/skills/one`);

    await page.getByRole("heading", { name: "one", level: 1 }).waitFor();
    await page.locator(".prose").getByText("The word is one.").waitFor();
    await page.getByText("scripts/run.sh").waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.getByText("<b>not bold</b>").count()).toBe(2);
    // Laid out, and as it is written, with where the picture would come from.
    await page.getByText("As it is written").click();
    await page.getByText("![Chart](https://tracker.example/p.png)").waitFor();

    // Its button leads to sign-in and knows the way back.
    const button = page.getByRole("link", { name: "Launch one" });
    expect(await button.getAttribute("href")).toBe(
      "/sign-in?next=%2Fada%2Fskills%2Fone",
    );
    const after = await slotsAtProvider();
    expect([...after].filter((slot) => !before.has(slot))).toEqual([]);
    await context.close();
  });

  test("the paste box is a form that leads to the skill", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(product.baseUrl);
    await page.getByLabel("Link to a skill").fill("ada/skills/one");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: "one", level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/ada/skills/one");
    await context.close();
  });
});

describe("the way in", () => {
  test("home lists the examples; a bad link says why and stays; a good one opens", async () => {
    const page = await browser.newPage();
    const errors = watchErrors(page);
    await page.goto(product.baseUrl);
    const examples = page.locator("section", { hasText: "Skills to try" });
    await examples.getByRole("listitem").nth(3).waitFor();

    const box = page.getByLabel("Link to a skill");
    await box.fill("javascript:alert(1)");
    await box.press("Enter");
    await page.getByText(/cannot be opened/).waitFor();
    expect(new URL(page.url()).pathname).toBe("/");

    await box.fill("ada/skills/nothing");
    await box.press("Enter");
    await page.getByText(/has no skill "nothing"/).waitFor();
    expect(new URL(page.url()).pathname).toBe("/");

    await box.fill("ada/skills/two");
    await box.press("Enter");
    await page.waitForURL("**/ada/skills/two");
    await page.locator(".prose").getByText("The word is two.").waitFor();
    // The Convex client tells the console what an action refused.
    const refused = (error: string) => error.includes("skill_not_found");
    expect(errors.filter((error) => !refused(error))).toEqual([]);
    await page.close();
  });

  test("a repository with several skills asks which", async () => {
    const page = await browser.newPage();
    await page.goto(`${product.baseUrl}/ada/skills`);
    await page.getByRole("heading", { name: /2 skills/ }).waitFor();
    await page.getByRole("link", { name: /^two/ }).click();
    await page.locator(".prose").getByText("The word is two.").waitFor();
    await page.close();
  });

  test("a skill that is not there says so and offers those that are", async () => {
    const page = await browser.newPage();
    await page.goto(`${product.baseUrl}/ada/skills/nothing`);
    await page.getByRole("heading", { name: /no such skill/i }).waitFor();
    await page.getByRole("link", { name: /All skills of/ }).click();
    await page.getByRole("heading", { name: /2 skills/ }).waitFor();
    await page.close();
  });

  test("names the app needs are no owners; addresses of nothing are not found", async () => {
    for (const path of ["/dashboard/x", "/nobody", "/_gallery"]) {
      const response = await fetch(product.baseUrl + path);
      expect([path, response.status]).toEqual([path, 404]);
    }
  });
});

describe("launching", () => {
  test("a double click launches once, and the session opens in place", async () => {
    const page = await pageOf("double", "/ada/skills/one");
    const errors = watchErrors(page);
    await page.getByRole("button", { name: "Launch one" }).dblclick();
    await page.waitForURL(/\/sessions\//);
    await page.getByText("The agent has one.").waitFor({ timeout: 60_000 });

    const client = await Client.of(product, "double");
    const { body } = await client.ask<{ launches: unknown[] }>(
      "GET",
      "/launches",
    );
    expect(body.launches).toHaveLength(1);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("a launch that fails says what happened and offers another", async () => {
    const page = await pageOf("unlucky", "/ada/skills/one");
    await product.faults([
      { route: "POST /sandbox", kind: "latency", ms: 4_000, count: 1 },
    ]);
    await page.getByRole("button", { name: "Launch one" }).click();
    await page.waitForURL(/\/sessions\//);
    // While it waits, the phases are shown and a message can be written ahead.
    await page.getByText("Making the sandbox").first().waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("The launch was cancelled").first().waitFor();
    const before = page.url();
    await page.getByRole("button", { name: "Launch again" }).click();
    await page.waitForURL((url) => url.href !== before);
    await page.getByText("The agent has one.").waitFor({ timeout: 60_000 });
    await page.context().close();
  }, 120_000);

  test("a message written during the launch is answered when it is ready", async () => {
    const page = await pageOf("eager", "/ada/skills/two");
    await product.faults([
      { route: "POST /sandbox", kind: "latency", ms: 3_000, count: 1 },
    ]);
    await page.getByRole("button", { name: "Launch two" }).click();
    await page.waitForURL(/\/sessions\//);
    const box = page.getByRole("textbox", { name: "Message" });
    await box.fill("What is the word?");
    await box.press("Enter");
    await page.getByText(/^Queued\./).waitFor();
    await page
      .locator('article[data-state="done"]')
      .waitFor({ timeout: 90_000 });
    await page.context().close();
  }, 150_000);
});

describe("a session", () => {
  test("streams to every tab; stopped it says so and starts again; deleted it leads on", async () => {
    const page = await pageOf("grace", "/ada/skills/one");
    await launch(page, "one");
    const other = await page.context().newPage();
    await other.goto(page.url());

    const box = page.getByRole("textbox", { name: "Message" });
    await box.fill("run: echo from-the-terminal");
    await box.press("Enter");
    for (const tab of [page, other]) {
      await tab.locator('[data-tool="terminal"]').first().waitFor({
        timeout: 60_000,
      });
      await tab
        .locator('article[data-state="done"]')
        .waitFor({ timeout: 60_000 });
      await tab
        .locator("article")
        .getByText(/from-the-terminal/)
        .first()
        .waitFor();
    }

    await other.goto(`${product.baseUrl}/dashboard`);
    await other.getByRole("button", { name: "Stop", exact: true }).click();
    await page
      .getByRole("status")
      .filter({ hasText: "The sandbox is stopped" })
      .waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Start it" }).click();
    await other
      .getByText("Running", { exact: false })
      .first()
      .waitFor({ timeout: 60_000 });

    await other.getByRole("button", { name: "Delete", exact: true }).click();
    const dialog = other.getByRole("dialog");
    await dialog.getByText(/cannot be undone/).waitFor();
    await dialog.getByRole("button", { name: "Delete sandbox" }).click();
    await page
      .getByRole("status")
      .filter({ hasText: "This conversation's sandbox is gone" })
      .waitFor({ timeout: 60_000 });
    expect(await page.getByText("from-the-terminal").count()).toBeGreaterThan(
      0,
    );
    await page.getByRole("button", { name: "Launch again" }).waitFor();
    await page.context().close();
  }, 180_000);

  test("Escape stops the agent and keeps what it said", async () => {
    const page = await pageOf("stopper", "/ada/skills/one");
    await launch(page, "one");
    const box = page.getByRole("textbox", { name: "Message" });
    await box.fill("run: sleep 50");
    await box.press("Enter");
    await page
      .locator('[data-tool="terminal"][data-status="running"]')
      .waitFor({ timeout: 60_000 });
    await box.press("Escape");
    await page
      .locator('article[data-state="stopped"]')
      .waitFor({ timeout: 10_000 });
    await page.getByText("Let me read the skill first.").waitFor();
    await page.getByRole("button", { name: "Retry" }).waitFor();
    await page.context().close();
  }, 120_000);

  test("another person's session, or none, is not found; signed out leads to sign-in", async () => {
    const page = await pageOf("owner", "/ada/skills/one");
    await launch(page, "one");
    const address = new URL(page.url()).pathname;
    const stranger = await pageOf("stranger", "/dashboard");
    for (const path of [address, "/sessions/nonsense"]) {
      await stranger.goto(product.baseUrl + path);
      await stranger.getByText("There is no such session here").waitFor();
    }
    const nobody = await browser.newPage();
    await nobody.goto(product.baseUrl + address);
    const link = nobody.getByRole("link", { name: "Sign in" }).last();
    await link.waitFor();
    expect(await link.getAttribute("href")).toContain(
      encodeURIComponent(address),
    );
    for (const one of [page, stranger, nobody]) await one.context().close();
  }, 120_000);
});

test("a session is deleted by keyboard after saying what is lost, and every tab says it is gone", async () => {
  const client = await Client.of(product, "tidy");
  const one = await client.launchReady("ada/skills/one");
  await client.launchReady("ada/skills/two");
  const page = await pageOf("tidy", "/dashboard");
  const errors = watchErrors(page);
  const other = await page.context().newPage();
  await other.goto(`${product.baseUrl}/sessions/${one.sessionId}`);
  await other.getByText("The agent has one.").waitFor();

  const button = page.getByRole("button", { name: "Delete session: one" });
  await button.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Delete this session?" });
  await dialog.getByText("everything you and the agent said").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await button.evaluate((it) => it === document.activeElement)).toBe(
    true,
  );

  // It is hidden a moment before the page hears that it was closed.
  await until("the dialog again", async () => {
    if (!(await dialog.isVisible())) await button.press("Enter");
    return dialog.isVisible();
  });
  await dialog.getByRole("button", { name: "Delete session" }).press("Enter");
  await button.waitFor({ state: "detached" });
  await page.getByText("Deleted: one").waitFor();
  await until("focus on what is said", () =>
    page.evaluate(() =>
      Boolean(document.activeElement?.textContent?.startsWith("Deleted: ")),
    ),
  );
  await other.getByText("This session is deleted").waitFor();
  const gone = await client.ask("GET", `/sessions/${one.sessionId}`);
  expect(gone.status).toBe(404);

  // The other one goes from its own page.
  const sessions = page.getByRole("region", { name: "Sessions" });
  await sessions.getByRole("link", { name: /^two/ }).click();
  await page
    .getByRole("button", { name: "Delete session", exact: true })
    .click();
  await dialog.getByRole("button", { name: "Delete session" }).click();
  await page.getByText("This session is deleted").waitFor();
  await page.getByRole("link", { name: "Your sessions" }).click();
  await page.getByText("No sessions yet").waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
}, 120_000);

test("the account's menu does not stay over the page it leads to", async () => {
  const page = await pageOf("keys", "/dashboard");
  const bar = page.getByRole("banner");
  await bar.locator("summary").click();
  await bar.locator("details").getByRole("link", { name: "Settings" }).click();
  await page.waitForURL("**/settings");
  await bar.locator("details:not([open])").waitFor();
  await page.context().close();
});

test("switching the person shows nothing of the one before, in every tab", async () => {
  const page = await pageOf("first-person", "/ada/skills/one");
  await launch(page, "one");
  const other = await page.context().newPage();
  await other.goto(`${product.baseUrl}/dashboard`);
  await other.getByRole("link", { name: /one/ }).first().waitFor();

  await page.goto(`${product.baseUrl}/sign-in`);
  await page.getByLabel("Or as somebody else").fill("second-person");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("No sessions yet").waitFor();
  await other.getByText("No sessions yet").waitFor();
  await page.context().close();
}, 120_000);

test("while the line to the backend is down the page says so, and recovers by itself", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let cut = false;
  const open: { close(): Promise<void> }[] = [];
  await page.routeWebSocket(/\/sync$/, (socket) => {
    if (cut) {
      void socket.close();
      return;
    }
    socket.connectToServer();
    open.push(socket);
  });
  await signIn(page, product, "offline", "/dashboard");
  await page.getByText("No sessions yet").waitFor();
  cut = true;
  for (const socket of open) await socket.close();
  await page.setViewportSize({ width: 390, height: 844 });
  const words = page.getByText(/Connection lost/);
  await words.waitFor({ timeout: 15_000 });
  // At the bottom it would cover where messages are written.
  expect((await words.boundingBox())?.y).toBeLessThan(200);
  expect(await page.getByText("No sessions yet").count()).toBe(1);
  cut = false;
  await words.waitFor({ state: "detached", timeout: 30_000 });

  // One catch-up: what happened meanwhile is there without a reload.
  const client = await Client.of(product, "offline");
  await client.launch("ada/skills/two");
  await until(
    "the launch on the page",
    async () => (await page.getByRole("link", { name: /two/ }).count()) > 0,
  );
  await context.close();
}, 120_000);
