import { expect, test } from "bun:test";
import { Client, repository, signIn, skillMd } from "./harness";
import { opened } from "./harness/opened";

/** The button is the consent: what a visit alone may not do, and nobody in its place. */

const { product, browser } = await opened();
await repository(product.skillsDir, "ada", "skills", {
  "skills/one/SKILL.md": skillMd("one", "The word is one."),
  "skills/two/SKILL.md": skillMd("two", "The word is two."),
});

test("a visit launches nothing for who is signed in either", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "visitor", "/ada/skills/one");
  const button = page.getByRole("button", { name: "Launch one" });
  await button.waitFor();
  await page.reload();
  await button.waitFor();
  await page.goto(`${product.baseUrl}/ada/skills/two?launch=1`);
  await page.getByRole("button", { name: "Launch two" }).waitFor();
  // What had been asked for on the way would be recorded before this is answered.
  await page.getByRole("link", { name: "Dashboard" }).first().click();
  await page.getByText("No sandbox").waitFor();
  const client = await Client.of(product, "visitor");
  const launches = await client.ask("GET", "/launches");
  expect(launches).toMatchObject({ status: 200, body: { launches: [] } });
  const sandboxes = await client.ask("GET", "/sandboxes");
  expect(sandboxes).toMatchObject({ status: 200, body: { sandboxes: [] } });
  await context.close();
});

test("no other site frames a page, and each page's scripts have a nonce of their own", async () => {
  const nonces = new Set<string>();
  for (const path of ["/", "/", "/ada/skills/one", "/dashboard", "/nobody"]) {
    const { headers } = await fetch(product.baseUrl + path);
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'self'");
    nonces.add(/script-src [^;]*'nonce-([^']{20,})'/.exec(policy)?.[1] ?? "");
  }
  expect(nonces.size).toBe(5);
  expect(nonces).not.toContain("");
});

test("an address of its own pages, under whatever name, leads to the skill", async () => {
  const headers = {
    "x-forwarded-host": "slipway.example",
    "x-forwarded-proto": "https",
  };
  const link = "https://slipway.example/ada/skills/one";
  const ask = (path: string) =>
    fetch(product.baseUrl + path, { headers, redirect: "manual" });
  const opened = await ask(`/new?link=${encodeURIComponent(link)}`);
  const to = opened.headers.get("location") ?? (await opened.text());
  expect(to).toContain("/ada/skills/one");
  expect(to).not.toContain("not fetched from");
  const home = await (await ask("/")).text();
  expect(home).toContain("(https://slipway.example/badge.svg)");
  const client = await Client.of(product, "own-link");
  const { status } = await client.ask(
    "GET",
    `/skills/resolve?link=${encodeURIComponent(link)}`,
    undefined,
    headers,
  );
  expect(status).toBe(200);
});
