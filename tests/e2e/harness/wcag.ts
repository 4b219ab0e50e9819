import type { AxeResults } from "axe-core";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const AXE = fileURLToPath(import.meta.resolve("axe-core/axe.min.js"));
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

type Axe = { run(on: string, how: object): Promise<AxeResults> };

/**
 * What breaks WCAG 2.2 AA within the element, as `rule: element`. The page's
 * context has to be opened with `bypassCSP`, for the checker goes into the page.
 */
export async function wcag(page: Page, within = "html"): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(
    ([on, values]) =>
      (window as unknown as { axe: Axe }).axe.run(on, {
        runOnly: { type: "tag", values },
      }),
    [within, RULES] as const,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${html}`),
  );
}

/** What reaches beyond the window and cannot be scrolled to. */
export async function sticksOut(page: Page): Promise<string[]> {
  const found = await page.evaluate(cutOff);
  return found.map((what) => `sticks out: ${what}`);
}

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
