import { chromium, type Browser, type Page } from "playwright-core";
import type { Product } from "./product";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** Debian's Chromium, without a window. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
  });
}

/** Signs in by typing a name, as a person would, and comes back to `path`. */
export async function signIn(
  page: Page,
  product: Product,
  user: string,
  path = "/dashboard",
): Promise<void> {
  const next = encodeURIComponent(path);
  await page.goto(`${product.baseUrl}/sign-in?next=${next}`);
  await page.getByLabel("Your name here").fill(user);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL((url) => url.pathname === path);
}

/** Collects what went wrong in a page: exceptions and console errors. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}
