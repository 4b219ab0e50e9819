import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
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
import { wcag } from "./harness/wcag";

/** Set to a folder to keep pictures of what the tests see. */
const PICTURES = process.env.SLIPWAY_PICTURES;

const { product, browser } = await opened();
await repository(product.skillsDir, "ada", "skills", {
  "skills/one/SKILL.md": skillMd("one", "Say one."),
});

/** The page of a session somebody has just launched. */
async function launched(page: Page, user: string): Promise<Client> {
  const client = await Client.of(product, user);
  const { sessionId } = await client.launchReady("ada/skills/one");
  await signIn(page, product, user, `/sessions/${sessionId}`);
  return client;
}

/** What a terminal shows, as a screen reader is told it. */
const screen = (page: Page) => page.locator(".xterm-rows");

async function openTerminal(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Terminal, ports and files" }).click();
  await page.locator('[data-terminal="open"]').waitFor();
}

async function picture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

test("a terminal on the session's page: type, see, reload, and have the same shell", async () => {
  const page = await browser.newPage();
  const errors = watchErrors(page);
  await launched(page, "ada");
  await openTerminal(page);
  await page.keyboard.type("KEPT=$((40 + 2)); echo kept-$KEPT; ls -la ~");
  await page.keyboard.press("Enter");
  await screen(page).getByText("kept-42").waitFor();
  await picture(page, "terminal");

  await page.keyboard.press("F6");
  const close = page.getByRole("button", { name: "Close the workbench" });
  expect(await close.evaluate((it) => it === document.activeElement)).toBe(
    true,
  );

  await page.reload();
  await openTerminal(page);
  const resumed = screen(page).getByText("This is your shell again.");
  await resumed.waitFor();
  await picture(page, "terminal-again");
  await page.keyboard.type("echo again-$KEPT");
  await page.keyboard.press("Enter");
  await screen(page).getByText("again-42").waitFor();

  // A new relay on the same port: the terminal comes back by itself.
  await product.kill("relay");
  await page.locator('[data-terminal="waiting"]').waitFor();
  await page.locator('[data-terminal="open"]').waitFor();
  await page.keyboard.type("echo once-more-$KEPT");
  await page.keyboard.press("Enter");
  await screen(page).getByText("once-more-42").waitFor();
  expect(await resumed.count()).toBe(1);
  errors.splice(0); // the browser tells of connections it could not make

  await page.setViewportSize({ width: 390, height: 780 });
  await page.keyboard.type(
    "clear; stty size; ls -la --color=always / | head; printf '\\e[31mred \\e[32mgreen\\e[0m\\n'",
  );
  await page.keyboard.press("Enter");
  await screen(page).getByText("red green").waitFor();
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth > innerWidth,
  );
  expect(wide).toBe(false);
  await picture(page, "terminal-phone");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, "terminal-phone-dark");
  expect(errors).toEqual([]);
  await page.close();
}, 120_000);

for (const colorScheme of ["light", "dark"] as const) {
  test(`the workbench by touch: WCAG 2.2 AA, ${colorScheme}`, async () => {
    const context = await browser.newContext({
      viewport: { width: 390, height: 780 },
      colorScheme,
      hasTouch: true,
      isMobile: true,
      reducedMotion: "reduce",
      bypassCSP: true, // to put the checker into the page
    });
    const page = await context.newPage();
    await launched(page, "lin");
    await openTerminal(page);
    await page.getByRole("button", { name: "Control C" }).tap();
    await screen(page).getByText("^C").waitFor();
    await picture(page, `workbench-touch-${colorScheme}`);
    const problems = await wcag(page, '[aria-label="Workbench"]');
    await page.getByRole("tab", { name: "Ports and files" }).tap();
    problems.push(...(await wcag(page, '[aria-label="Workbench"]')));
    expect(problems).toEqual([]);
    await context.close();
  }, 120_000);
}

test("a terminal on a sandbox's card", async () => {
  const page = await browser.newPage();
  await launched(page, "max");
  await page.goto(`${product.baseUrl}/dashboard`);
  await openTerminal(page);
  await page.keyboard.type("echo here-$((1 + 1))");
  await page.keyboard.press("Enter");
  await screen(page).getByText("here-2").waitFor();
  await page.setViewportSize({ width: 1280, height: 900 });
  await picture(page, "dashboard");
  await page.close();
}, 120_000);

test("a port opens on a host of its own, and only in this browser", async () => {
  const page = await browser.newPage();
  const grace = await launched(page, "grace");
  await openTerminal(page);
  await page.keyboard.type(
    "mkdir -p ~/site && cd ~/site && echo '<h1>Hello from inside</h1>' > index.html && python3 -m http.server 3000",
  );
  await page.keyboard.press("Enter");
  await screen(page).getByText("Serving HTTP").waitFor();
  await page.getByRole("tab", { name: "Ports and files" }).click();
  await picture(page, "ports");
  const [tab] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("button", { name: "Open", exact: true }).click(),
  ]);
  await tab.getByRole("heading", { name: "Hello from inside" }).waitFor();
  const { host, search } = new URL(tab.url());
  expect(host).toMatch(/^p-[0-9a-f]{32}\.localhost:\d+$/);
  expect(search).toBe("");
  expect(await tab.evaluate(() => document.cookie)).toBe("");
  expect(await tab.evaluate(() => window.opener)).toBeNull();

  const stranger = await browser.newContext();
  const other = await stranger.newPage();
  await other.goto(tab.url());
  await other.getByText("This preview is closed").waitFor();
  await stranger.close();

  const [saved] = await Promise.all([
    page
      .context()
      .waitForEvent("page")
      .then((one) => one.waitForEvent("download")),
    page
      .getByLabel("Download a file")
      .fill("site/index.html")
      .then(() => page.getByRole("button", { name: "Download" }).click()),
  ]);
  expect(saved.suggestedFilename()).toBe("index.html");

  // The same for a program, by a ticket of its own.
  const [{ slotId = "" } = {}] = await grace.sandboxes();
  const made = await grace.ask<{ url: string }>(
    "POST",
    `/sandboxes/${slotId}/tickets`,
    { kind: "file", path: "site/index.html" },
  );
  const file = await fetch(made.body.url);
  expect(await file.text()).toContain("Hello from inside");
  expect((await fetch(made.body.url)).status).toBe(403);

  // A stop ends it for the tab that is open.
  await grace.ask("POST", `/sandboxes/${slotId}/stop`);
  await until(
    "end of the preview",
    async () => {
      await tab.reload();
      return (await tab.content()).includes("This preview is closed");
    },
    { withinMs: 60_000, everyMs: 500 },
  );
  await page.close();
}, 180_000);
