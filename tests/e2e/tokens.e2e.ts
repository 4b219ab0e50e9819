import { expect, test } from "bun:test";
import { signIn, watchErrors } from "./harness";
import { opened } from "./harness/opened";

/** A person's tokens for programs, in Settings. */

const { product, browser } = await opened();

/** What the HTTP API answers to a program that has only this token. */
async function asks(
  token: string,
  path: string,
  method = "GET",
): Promise<number> {
  const response = await fetch(`${product.baseUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  return response.status;
}

test("a token is shown once, does what it may and no more, and nothing once it is revoked", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors = watchErrors(page);
  await signIn(page, product, "maker", "/settings");
  const tokens = page.getByRole("region", { name: "Personal tokens" });
  await tokens.getByText("No tokens yet").waitFor();
  const focus = () =>
    page.evaluate(() => (document.activeElement as HTMLElement).innerText);

  await tokens.getByRole("button", { name: "New token" }).click();
  const make = tokens.getByRole("button", { name: "Make token" });
  expect(await make.isDisabled()).toBe(true);
  await tokens.getByLabel("Name").fill("Nightly run");
  await tokens.getByRole("checkbox", { name: /^launch/ }).uncheck();
  await make.click();

  const shown = tokens.getByLabel("Your new token");
  const token = await shown.innerText();
  await tokens.getByText("cannot be shown again").waitFor();
  expect(await focus()).toContain("Copy your token now");
  const row = tokens.getByRole("listitem").filter({ hasText: "Nightly run" });
  await row.getByText("never used").waitFor();
  expect(await asks(token, "/sandboxes")).toBe(200);
  expect(await asks(token, "/sandboxes/stop-all", "POST")).toBe(403);
  await row.getByText(/(?<!never )used/).waitFor();

  // Neither once it was taken, nor after a reload: nobody has it any more.
  await tokens.getByRole("button", { name: "Done" }).click();
  await shown.waitFor({ state: "detached" });
  expect(await focus()).toBe("New token");
  await page.reload();
  await row.waitFor();
  expect(await page.content()).not.toContain(token);

  await row.getByRole("button", { name: "Revoke Nightly run" }).click();
  const sure = page.getByRole("dialog", { name: /Revoke .Nightly run.\?/ });
  await sure.getByText("stops working at once").waitFor();
  await sure.getByRole("button", { name: "Revoke token" }).click();
  await row.waitFor({ state: "detached" });
  await tokens.getByText("No tokens yet").waitFor();
  expect(await asks(token, "/sandboxes")).toBe(401);
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);
