import { expect, test } from "bun:test";
import { LOOK_COOLDOWN } from "../../convex/model/timing";
import { Client, Operator, signIn, until, watchErrors } from "./harness";
import { opened } from "./harness/opened";
import { longUnused } from "./harness/tamper";

/** Somebody asks how a sandbox is, and need not wait for the minute. */

const { product, browser } = await opened();

test("a sandbox that was stopped behind our back is seen to be at the press of a button", async () => {
  const client = await Client.of(product, "asker");
  await client.launchReady("slipway/examples/csv-detective");
  const sandbox = await until("an agent that is up", async () => {
    const [only] = await client.sandboxes();
    return only?.agent?.state === "ready" && only;
  });
  // One that was just heard of is not looked at.
  await longUnused(product, sandbox.slotId, LOOK_COOLDOWN);
  await until("the backend again", async () => (await product.health()).ok);

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

  await check.press("Enter");
  // Sooner than the look of each minute, which is not due yet.
  const stopped = page.getByText(/^Stopped/);
  await stopped.waitFor({ timeout: 15_000 });
  await check.waitFor({ state: "detached" });
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);
