import { expect, test } from "bun:test";
import { PROBE_INTERVAL } from "../../convex/model/timing";
import { Client, Operator, signIn, until, watchErrors } from "./harness";
import { opened } from "./harness/opened";

/** Somebody asks how a sandbox is, and need not wait for the minute. */

/** Between when it was last heard of and when its stop is looked for, in ms. */
const MARGIN = 15_000;

const { product, browser } = await opened();

test("a sandbox that was stopped behind our back is seen to be at the press of a button", async () => {
  const client = await Client.of(product, "asker");
  await client.launchReady("slipway/examples/csv-detective");
  const sandbox = await until("an agent that is up", async () => {
    const [only] = await client.sandboxes();
    return only?.agent?.state === "ready" && only;
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "asker");
  const errors = watchErrors(page);
  const check = page.getByRole("button", { name: "Check now" });
  await check.waitFor();
  const operator = await Operator.of(product);
  const provider = await operator.customer();
  await (await provider.get(sandbox.sandboxId ?? "")).stop();
  expect((await client.sandboxes())[0]?.state.status).toBe("running");

  // Sooner than the look of each minute is due, but one that was just heard of is not looked at.
  const withinMs = PROBE_INTERVAL - MARGIN;
  const seen = async () => {
    if (await check.isVisible()) await check.press("Enter");
    return await page.getByText(/^Stopped/).isVisible();
  };
  await until("sight of its stop", seen, { withinMs, everyMs: 1_000 });
  await check.waitFor({ state: "detached" });
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);

test("who asks after one that runs is told that it does, and the card stays as it is", async () => {
  const client = await Client.of(product, "doubter");
  await client.launchReady("slipway/examples/csv-detective");
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, "doubter");
  const check = page.getByRole("button", { name: "Check now" });
  const below = page.getByText("1 skill on its disk");
  await page.getByText("Agent ready").waitFor();
  await page.getByText(/^(30:00|29:\d\d)$/).waitFor(); // by the server's clock
  const before = await below.boundingBox();
  await check.press("Enter");
  await page.getByText("Heard of in the last minute: it runs.").waitFor();
  expect(await check.getAttribute("aria-busy")).toBeNull();

  const found = page.getByText("Checked just now: it runs.");
  // Once that is a while ago it is looked at, and the answer is no 25 s away.
  await until(
    "news of it",
    async () => {
      if (await found.isVisible()) return true;
      await check.press("Enter");
      return false;
    },
    { withinMs: 2 * PROBE_INTERVAL, everyMs: 5_000 },
  );
  expect(await below.boundingBox()).toEqual(before);
  await page.context().close();
}, 150_000);
