import { expect, test } from "bun:test";
import { Client, signIn } from "./harness";
import { opened } from "./harness/opened";
import { sticksOut, wcag } from "./harness/wcag";

const SKILL = "/slipway/examples/csv-detective";

const { product, browser } = await opened();
const client = await Client.of(product, "reader");
const launch = await client.launchReady(SKILL.slice(1));
const session = `/sessions/${launch.sessionId}`;
await client.chat(launch.sessionId, "run: ls");

/** Each page, and words that show it is all there. */
const PAGES: [path: string, sign: RegExp][] = [
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
      for (const [path, sign] of PAGES) {
        await page.goto(product.baseUrl + path);
        await page.getByText(sign).first().waitFor();
        const found = [...(await sticksOut(page)), ...(await wcag(page))];
        problems.push(...found.map((problem) => `${path} ${problem}`));
      }
      expect(problems).toEqual([]);
      await context.close();
    }, 120_000);
  }
}
