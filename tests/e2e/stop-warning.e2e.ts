import { expect, test } from "bun:test";
import { AUTO_STOP, MINUTE, STOP_WARNING } from "../../convex/model/timing";
import {
  Client,
  Operator,
  repository,
  signIn,
  skillMd,
  until,
  watchErrors,
} from "./harness";
import { opened } from "./harness/opened";
import { longUnused } from "./harness/tamper";

/** A session's bar, and the time that is left before its sandbox stops by itself: how a person gets more of it. */

const SKILL = "slipway/examples/csv-detective";

type Box = { part: Element; left: number; right: number; width: number };

const { product, browser } = await opened();

test("the session counts down at every width, in one place, and nothing sticks out", async () => {
  const client = await Client.of(product, "reader");
  const { sessionId } = await client.launchReady(SKILL);
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors = watchErrors(page);
  await signIn(page, product, "reader");
  await page.goto(`${product.baseUrl}/sessions/${sessionId}`);
  const bar = page.getByRole("banner").getByText("Stops, if idle, in");
  const panel = page
    .getByRole("complementary", { name: "Details of this session" })
    .getByText("Stops, if idle, in");
  for (const width of [360, 390, 1024, 1440]) {
    await page.setViewportSize({ width, height: 844 });
    const [shown, folded] = width < 1280 ? [bar, panel] : [panel, bar];
    await shown.waitFor();
    await shown
      .locator("..")
      .getByText(/\d:\d\d/)
      .waitFor();
    expect(await folded.isVisible()).toBe(false);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect([width, wide]).toEqual([width, 0]);
  }
  expect(errors).toEqual([]);
  await context.close();
}, 180_000);

test("the longest name covers nothing in the bar, and the title can be read", async () => {
  const name = "skill-".repeat(10) + "long";
  await repository(product.skillsDir, "long", "skills", {
    [`${name}/SKILL.md`]: skillMd(name, "Say so."),
  });
  const client = await Client.of(product, "narrow");
  const { sessionId } = await client.launchReady(`long/skills/${name}`);
  const viewport = { width: 1100, height: 700 };
  const page = await (await browser.newContext({ viewport })).newPage();
  await signIn(page, product, "narrow", `/sessions/${sessionId}`);
  const bar = page.getByRole("banner");
  await bar.getByText(/\d:\d\d/).waitFor();
  const chip = bar.getByRole("link", { name: `${name} @` });
  for (const width of [640, 768, 1024, 1100, 1440]) {
    await page.setViewportSize({ ...viewport, width });
    expect([width, await chip.isVisible()]).toEqual([width, width > 1_000]);
    const title = await bar.getByRole("heading").boundingBox();
    expect(title?.width).toBeGreaterThan(100);
    expect([width, await bar.evaluate(overlaps)]).toEqual([width, []]);
  }
  await page.context().close();
}, 120_000);

/** In the page: what is seen in the bar and reaches into what stands next to it. */
function overlaps(bar: Element): string[] {
  const seen = [...bar.querySelectorAll("svg, :not(svg *):not(:has(*))")]
    .map((part) => ({ part, ...part.getBoundingClientRect().toJSON() }) as Box)
    .filter(({ part, width }) => width > 1 && part.checkVisibility())
    .sort((one, other) => one.left - other.left);
  return seen
    .filter(({ right }, at) => right > (seen[at + 1]?.left ?? innerWidth))
    .map(({ part }) => part.outerHTML);
}

test("a stop is announced; whoever keeps it running has half an hour again", async () => {
  const client = await Client.of(product, "away");
  await client.launchReady(SKILL);
  // While its agent boots it is asked, which counts as use.
  const sandbox = await until("an agent that is up", async () => {
    const [only] = await client.sandboxes();
    return only?.agent?.state === "ready" && only;
  });
  await longUnused(product, sandbox.slotId, AUTO_STOP - STOP_WARNING + MINUTE);
  await until("the backend again", async () => (await product.health()).ok);

  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "away");
  const warning = page.getByText("This sandbox stops in");
  const operator = await Operator.of(product);
  // It is looked at once the last look is 50 s old.
  await until(
    "the warning",
    async () => {
      await operator.probe();
      return warning.isVisible();
    },
    { withinMs: 90_000, everyMs: 1_000 },
  );
  await page.getByText(/^Nobody has written to it for a while/).waitFor();
  // What is left of it, less what passed since.
  await warning.getByText(/^[0-3]:\d\d$/).waitFor();

  await page.getByRole("button", { name: "Keep it running" }).click();
  await warning.waitFor({ state: "detached" });
  await page.getByText(/^(30:00|29:\d\d)$/).waitFor();
  const [after] = await client.sandboxes();
  expect(after).toMatchObject({
    sandboxId: sandbox.sandboxId,
    state: { status: "running" },
  });
  await context.close();
}, 180_000);
