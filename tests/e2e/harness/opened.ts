import { afterAll } from "bun:test";
import type { Browser } from "playwright-core";
import { openBrowser } from "./browser";
import { Product } from "./product";

type Opened = { product: Product; browser: Browser };

/**
 * The product, run with `env`, and a browser, for all tests of the file that
 * awaits this at its top; both end after the last of them.
 */
export async function opened(
  env: Record<string, string> = {},
): Promise<Opened> {
  const product = await Product.start(env);
  afterAll(() => product.stop());
  const browser = await openBrowser();
  afterAll(() => browser.close());
  return { product, browser };
}
