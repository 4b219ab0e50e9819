import { expect, test } from "bun:test";
import { Client, repository, signIn } from "./harness";
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

// The narrowest is also a window of 1280 at four times its size (WCAG 1.4.10).
for (const [width, height, schemes] of [
  [320, 640, ["light"]],
  [390, 844, ["light", "dark"]],
  [1440, 900, ["light", "dark"]],
] as const) {
  for (const colorScheme of schemes) {
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

test("a name of a stranger's leaves the button's own word where it is read", async () => {
  const a = "a".repeat(30);
  const name = `${a} Read more about this skill ${a}`;
  await repository(product.skillsDir, "mal", "skills", {
    "long/SKILL.md": `---\nname: ${name}\ndescription: Long.\n---\nHm.\n`,
  });
  const viewport = { width: 390, height: 844 };
  const page = await (await browser.newContext({ viewport })).newPage();
  await signIn(page, product, "reader");
  await page.goto(`${product.baseUrl}/mal/skills/long`);
  const button = page.getByRole("button", { name: `Launch ${name}` });
  // Of its first and its last letter, how far each is within the button.
  const inside = await button.evaluate((element) => {
    const text = element.firstChild as Text;
    const box = element.getBoundingClientRect();
    return [0, text.length - 1].map((at) => {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      return (
        left >= box.left &&
        right <= box.right &&
        top >= box.top &&
        bottom <= box.bottom
      );
    });
  });
  expect(inside).toEqual([true, true]);
  await page.context().close();
});

test("on the narrowest screen a file's name is whole, and a session's title can be read", async () => {
  const viewport = { width: 320, height: 640 };
  const page = await (await browser.newContext({ viewport })).newPage();
  await signIn(page, product, "reader", SKILL);
  const name = page.getByText("scripts/profile_csv.py", { exact: true });
  const cut = await name.evaluate((link) => {
    const row = link.closest("li")?.querySelectorAll("span") ?? [];
    return [...row].some(
      (box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth,
    );
  });
  expect(cut).toBe(false);
  await page.goto(`${product.baseUrl}/dashboard`);
  const title = page
    .getByRole("region", { name: "Sessions" })
    .getByText("run: ls", { exact: true });
  const { width } = (await title.boundingBox()) ?? { width: 0 };
  expect(width).toBeGreaterThan(160);
  await page.context().close();
});

test("what ends in front of a reader is said, and what ended before is not", async () => {
  const page = await (await browser.newContext()).newPage();
  const said = async () => {
    const all = await page.getByRole("status").allTextContents();
    return all.filter((words) => words !== "").join(" ");
  };
  await signIn(page, product, "listener");
  await page.goto(product.baseUrl + SKILL);
  await page.getByRole("button", { name: "Launch csv-detective" }).click();
  await page.waitForURL(/\/sessions\//);
  await page
    .getByRole("status")
    .filter({ hasText: "Launched. The agent has the skill." })
    .waitFor({ state: "attached" });
  const box = page.getByRole("textbox", { name: "Message" });
  await box.fill("run: ls");
  await box.press("Enter");
  await page
    .getByRole("status")
    .filter({ hasText: "The agent has answered." })
    .waitFor({ state: "attached" });

  await page.reload();
  await page.locator("article[data-state=done]").waitFor();
  expect(await said()).toBe("");
  await page.context().close();
}, 60_000);
