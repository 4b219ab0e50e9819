import { expect, test } from "bun:test";
import type { Page, WebSocketRoute } from "playwright-core";
import { MAX_WAITING } from "../../convex/model/chat/limits";
import { Client, signIn, until } from "./harness";
import { opened } from "./harness/opened";

const SKILL = "slipway/examples/csv-detective";

const { product, browser } = await opened();

type Focus = { name: string; seen: boolean };

/** What has the focus, and whether a person sees that it has. */
const focused = (page: Page): Promise<Focus> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
      name: element.ariaLabel ?? element.innerText.replace(/\s+/g, " ").trim(),
      seen: outlineStyle !== "none" && outlineWidth !== "0px",
    };
  });

const nameFocused = async (page: Page) => (await focused(page)).name;

async function tab(page: Page, back = false): Promise<Focus> {
  await page.keyboard.press(back ? "Shift+Tab" : "Tab");
  return await focused(page);
}

/** Presses Tab until that has the focus. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  const passed: string[] = [];
  for (let n = 0; n < 40; n++) {
    const { name } = await tab(page);
    if (name === wanted) return;
    passed.push(name);
  }
  throw new Error(`No "${wanted}" among ${passed.join(" | ")}`);
}

test("a sandbox is stopped, started, and asked about by keyboard alone", async () => {
  const client = await Client.of(product, "typist");
  await client.launchReady(SKILL);
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "typist");
  await page.getByText("1 skill on its disk").waitFor();

  // As they stand on the page, and each is seen to have the focus.
  await tabTo(page, "Stop all");
  const names = [
    ...["Stop", "Replace", "Delete"],
    ...["Check now", "1 SKILL ON ITS DISK"],
  ];
  for (const name of names) {
    expect(await tab(page)).toEqual({ name, seen: true });
  }
  expect((await tab(page)).name).toMatch(/^csv-detective [0-9a-f]{7}$/);
  expect(await tab(page)).toEqual({
    ...{ name: "Terminal, ports and files", seen: true },
  });
  expect(await tab(page)).toEqual({ name: "ACTIVITY", seen: true });
  while ((await tab(page, true)).name !== "Delete");

  // A dialog begins at what changes nothing, keeps the focus, and gives it back.
  for (const [name, key, keep, action] of [
    ["Delete", "Enter", "Keep it", "Delete sandbox"],
    ["Replace", "Space", "Not now", "Replace sandbox"],
  ] as const) {
    expect(await nameFocused(page)).toBe(name);
    await page.keyboard.press(key);
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    expect(await focused(page)).toEqual({ name: keep, seen: true });
    expect(await tab(page)).toEqual({ name: action, seen: true });
    // Around its end, perhaps by way of the browser's own controls.
    const around = [(await tab(page)).name, (await tab(page)).name];
    expect(around).toContain(keep);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await focused(page)).toEqual({ name, seen: true });
    await tab(page, true);
  }

  expect(await nameFocused(page)).toBe("Stop");
  await page.keyboard.press("Space");
  const start = page.getByRole("button", { name: "Start", exact: true });
  await start.waitFor();
  // Its button is gone; the way on begins where it was.
  expect(["Start", "Replace"]).toContain((await tab(page)).name);
  while ((await nameFocused(page)) !== "Start") await tab(page, true);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Stop", exact: true }).waitFor();
  await until("running sandbox", async () => {
    const [sandbox] = await client.sandboxes();
    return sandbox?.state.status === "running";
  });
  await page.context().close();
}, 120_000);

test.each([
  ["close", "Replace"], // as a second Escape does, of which nobody is asked
  ["requestClose", "Delete"], // as Escape does
] as const)(
  "after a %s of one question, who asks at once for %s has it asked",
  async (how, next) => {
    const client = await Client.of(product, `quick-${next}`);
    await client.launchReady(SKILL);
    const page = await (await browser.newContext()).newPage();
    await signIn(page, product, `quick-${next}`);
    const asks = (name: string) =>
      page.getByRole("button", { name, exact: true });
    await asks("Delete").press("Enter");
    await page.getByRole("dialog").waitFor();
    // Both before the page is painted again, when the browser says that it closed.
    await asks(next).evaluate((button: HTMLElement, how) => {
      document.querySelector<HTMLDialogElement>("dialog[open]")?.[how]();
      button.click();
      return new Promise((painted) =>
        requestAnimationFrame(() => requestAnimationFrame(painted)),
      );
    }, how);
    await page.getByRole("dialog", { name: `${next} this` }).waitFor();
    await page.context().close();
  },
  60_000,
);

test("the details and the workbench take the keyboard and give it back; Escape closes the details", async () => {
  const client = await Client.of(product, "narrow");
  const { sessionId } = await client.launchReady(SKILL);
  const viewport = { width: 390, height: 844 };
  const page = await (await browser.newContext({ viewport })).newPage();
  await signIn(page, product, "narrow");
  await page.goto(`${product.baseUrl}/sessions/${sessionId}`);
  await page.getByText("The agent has csv-detective.").waitFor();
  const details = page.getByRole("complementary", { name: /^Details/ });
  const open = async () => {
    await page.getByRole("button", { name: "Details", exact: true }).focus();
    await page.keyboard.press("Enter");
    await details.waitFor();
  };
  const closed = () => details.waitFor({ state: "hidden" });
  const focusOn = (name: string) =>
    until(`focus on ${name}`, async () => (await nameFocused(page)) === name);

  for (const key of ["Escape", "Enter"]) {
    await open();
    await focusOn("Close the details");
    await page.keyboard.press(key);
    await closed();
    await focusOn("Details");
  }

  // What it covers may have the focus, and keeps it.
  await open();
  const box = page.getByRole("textbox", { name: "Message" });
  await box.press("Escape");
  await closed();
  expect(await box.evaluate((it) => it === document.activeElement)).toBe(true);

  // A dialog above it has Escape first.
  await open();
  await tabTo(page, "Delete session");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await details.isVisible()).toBe(true);
  await focusOn("Delete session");
  await page.keyboard.press("Escape");
  await closed();
  await focusOn("Details");

  // On the session's page its button stays; on a sandbox's card it gives way.
  for (const path of [`/sessions/${sessionId}`, "/dashboard"]) {
    await page.goto(product.baseUrl + path);
    const opener = page.getByRole("button", {
      ...{ name: "Terminal, ports and files", exact: true },
    });
    await opener.focus();
    await page.keyboard.press("Enter");
    await focusOn("Terminal");
    await page.keyboard.press("F6");
    await focusOn("Close the workbench");
    await page.keyboard.press("Enter");
    await focusOn("Terminal, ports and files");
  }
  await page.context().close();
}, 120_000);

test("the first of many conversations is reached, a page at a time", async () => {
  const client = await Client.of(product, "prolific");
  await client.launchReady("slipway/examples/regex-coach");
  for (let n = 0; n < 21; n++) await client.launchReady(SKILL);
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "prolific");
  const sessions = page.getByRole("region", { name: "Sessions" });
  const first = sessions.getByRole("link", { name: /^regex-coach/ });
  const rows = sessions.getByRole("listitem");
  await rows.nth(19).waitFor();
  expect([await rows.count(), await first.count()]).toEqual([20, 0]);

  const older = sessions.getByRole("button", { name: "Older" });
  await older.focus();
  await page.keyboard.press("Enter");
  await first.waitFor();
  await older.waitFor({ state: "detached" });
  expect(await nameFocused(page)).toBe("These are all there are.");
  expect(await rows.count()).toBe(22);
  await page.context().close();
}, 150_000);

test("a message that was refused is there after a reload, and one that was on its way is sent on", async () => {
  const client = await Client.of(product, "talker");
  const { sessionId } = await client.launchReady(SKILL);
  await client.say(sessionId, "run: sleep 50");
  for (let n = 1; n <= MAX_WAITING; n++)
    await client.say(sessionId, `No. ${n}`);
  const page = await (await browser.newContext()).newPage();
  const line = await slowLine(page);
  await signIn(page, product, "talker");
  await page.goto(`${product.baseUrl}/sessions/${sessionId}`);
  const box = page.getByRole("textbox", { name: "Message" });
  const said = (text: string) =>
    page.getByRole("log").getByText(`You: ${text}`, { exact: true });
  const refused = page.getByText("This message was not sent");

  await box.fill("One too many");
  await box.press("Enter");
  await refused.waitFor();
  await page.reload();
  await refused.waitFor();
  await said("One too many").waitFor();
  await client.ask("POST", `/sessions/${sessionId}/stop`);
  const again = page.getByRole("button", { name: "Send again" });
  await again.press("Enter");
  await refused.waitFor({ state: "detached" });
  await page.reload();
  await said("One too many").waitFor();
  expect(await refused.count()).toBe(0);

  line.lose();
  await box.fill("Lost on the way");
  await box.press("Enter");
  await said("Lost on the way").waitFor();
  line.release();
  await page.reload();
  await until("the message on record", async () => {
    const texts = (await client.messages(sessionId)).map(({ text }) => text);
    return texts.filter((text) => text === "Lost on the way").length === 1;
  });
  await page.context().close();
}, 150_000);

test("a press that is refused is told once, under its button, which stays where it is and keeps the focus", async () => {
  const client = await Client.of(product, "late");
  await client.launchReady(SKILL);
  for (const width of [390, 1440]) {
    const viewport = { width, height: 900 };
    const page = await (await browser.newContext({ viewport })).newPage();
    const line = await slowLine(page);
    await signIn(page, product, "late");
    const stop = page.getByRole("button", { name: "Stop", exact: true });
    await stop.waitFor();

    // The page has not heard yet that the sandbox is gone.
    line.hold();
    const [sandbox] = await client.sandboxes();
    await client.ask("DELETE", `/sandboxes/${sandbox?.slotId}`);
    await until("end of the sandbox", async () => {
      const [sandbox] = await client.sandboxes();
      return sandbox?.state.status === "empty";
    });
    await page.evaluate(countAlerts);
    const before = await places(page);
    for (const [time, key] of ["Enter", "Space"].entries()) {
      await stop.focus();
      await page.keyboard.press(key);
      await until("words of refusal", async () => {
        return (await page.evaluate(told)).length === time + 1;
      });
      const section = page.getByRole("region", { name: "Sandbox" });
      const alert = section.getByRole("alert");
      expect(await alert.innerText()).toStartWith(
        "There is nothing running to stop. ",
      );
      expect(await alert.count()).toBe(1);
      expect(await nameFocused(page)).toBe("Stop");
      const under = await alert.boundingBox();
      const button = await stop.boundingBox();
      if (!under || !button) throw new Error("Nothing to see.");
      expect(under.y).toBeGreaterThanOrEqual(button.y + button.height);
      expect(await places(page)).toEqual(before);
    }
    const spoken = await page.evaluate(told);
    expect(spoken).toEqual([{ inLiveRegion: false }, { inLiveRegion: false }]);

    line.release();
    await page.getByText("No sandbox").waitFor();
    await page.context().close();
    if (width === 390) await client.launchReady(SKILL);
  }
}, 120_000);

/** Where the buttons of the card's head stand. */
const places = (page: Page) =>
  Promise.all(
    ["Stop all", "Stop", "Replace", "Delete"].map((name) =>
      page.getByRole("button", { name, exact: true }).boundingBox(),
    ),
  );

type Told = { inLiveRegion: boolean };
type Counting = typeof window & { told: Told[] };

/** In the page: notes each alert that appears, as a screen reader speaks it. */
function countAlerts(): void {
  const seen: Told[] = ((window as Counting).told = []);
  const within = "[role=status], [role=alert], [role=log], [aria-live=polite]";
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((one) => [...one.addedNodes])) {
      if (!(node instanceof Element) || node.role !== "alert") continue;
      const inLiveRegion = node.parentElement?.closest(within) !== null;
      seen.push({ inLiveRegion });
    }
  }).observe(document.body, { childList: true, subtree: true });
}

/** In the page. */
function told(): Told[] {
  return (window as Counting).told;
}

/**
 * Answers arrive as ever; what changed meanwhile does not while it is held, and
 * nothing that is sent while it is lost.
 */
async function slowLine(page: Page) {
  let held: [WebSocketRoute, string | Buffer][] | null = null;
  let lost = false;
  await page.routeWebSocket(/\/sync$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (!lost) server.send(message);
    });
    server.onMessage((message) => {
      const isChange = String(message).includes('"type":"Transition');
      if (held && isChange) held.push([socket, message]);
      else socket.send(message);
    });
  });
  return {
    hold: () => {
      held = [];
    },
    lose: () => {
      lost = true;
    },
    release: () => {
      lost = false;
      for (const [socket, message] of held ?? []) socket.send(message);
      held = null;
    },
  };
}
