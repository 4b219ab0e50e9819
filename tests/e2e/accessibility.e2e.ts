import { afterAll, beforeAll, expect, test } from "bun:test";
import type { AxeResults } from "axe-core";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { Client, openBrowser, Product, signIn } from "./harness";

const AXE = fileURLToPath(import.meta.resolve("axe-core/axe.min.js"));
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SKILL = "/slipway/examples/csv-detective";

let product: Product;
let browser: Browser;
let session = "";

beforeAll(async () => {
  product = await Product.start();
  browser = await openBrowser();
  const client = await Client.of(product, "reader");
  const launch = await client.launchReady(SKILL.slice(1));
  session = `/sessions/${launch.sessionId}`;
  await client.chat(launch.sessionId, "run: ls");
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

for (const [width, height] of [
  [390, 844],
  [1440, 900],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`every page: WCAG 2.2 AA, nothing sticks out, ${width} px, ${colorScheme}`, async () => {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme,
        reducedMotion: "reduce",
        bypassCSP: true, // to put the checker into the page
      });
      const page = await context.newPage();
      await signIn(page, product, "reader");
      const problems: string[] = [];
      for (const [path, sign] of PAGES()) {
        await page.goto(product.baseUrl + path);
        await page.getByText(sign).first().waitFor();
        problems.push(...(await problemsOf(page, path)));
      }
      expect(problems).toEqual([]);
      await context.close();
    }, 120_000);
  }
}

/** Each page, and words that show it is all there. */
const PAGES = (): [path: string, sign: RegExp][] => [
  ["/", /Carry on/],
  [SKILL, /You agreed|Launching runs/],
  ["/slipway/examples", /skills in this repository/],
  ["/slipway/examples/nothing", /There is no such skill here/],
  [session, /I am Slipway's scripted demo model|Slipway’s scripted/],
  ["/sessions/nonsense", /There is no such session/],
  ["/dashboard", /on its disk/],
  ["/settings", /OpenRouter/],
  ["/sign-in", /Or as somebody else/],
  ["/nowhere", /Nothing is moored here/],
];

async function problemsOf(page: Page, path: string): Promise<string[]> {
  const cut = await page.evaluate(cutOff);
  await page.addScriptTag({ path: AXE });
  const results = await page.evaluate(
    (rules) =>
      (
        window as unknown as {
          axe: { run(on: Document, how: object): Promise<AxeResults> };
        }
      ).axe.run(document, { runOnly: { type: "tag", values: rules } }),
    RULES,
  );
  return [
    ...cut.map((what) => `${path} sticks out: ${what}`),
    ...results.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${path} ${id}: ${node.target.join(" ")}`),
    ),
  ];
}

/** In the page: what reaches beyond the window and cannot be scrolled to. */
function cutOff(): string[] {
  const scrolls = (element: Element): boolean =>
    ["auto", "scroll"].includes(getComputedStyle(element).overflowX) ||
    (element.parentElement !== null && scrolls(element.parentElement));
  const wide = document.documentElement.scrollWidth - innerWidth;
  return [
    ...(wide > 0 ? [`the page, by ${wide} px`] : []),
    ...[...document.querySelectorAll("a, button, textarea, input, h1, h2, p")]
      .filter((element) => {
        const { right, width } = element.getBoundingClientRect();
        return width > 1 && right > innerWidth + 1 && !scrolls(element);
      })
      .map((element) => element.outerHTML.slice(0, 80)),
  ];
}
