import { expect, test } from "bun:test";
import { Client, repository, signIn, skillMd, until } from "./harness";
import { opened } from "./harness/opened";

const TABS = 20;
const SKILLS = 10;

const { product, browser } = await opened();
const names = Array.from({ length: SKILLS }, (_, n) => `skill-${n}`);
await repository(
  product.skillsDir,
  "crowd",
  "skills",
  Object.fromEntries(
    ["door", ...names].map((name) => [
      `skills/${name}/SKILL.md`,
      skillMd(name, `The word of ${name} is ${name}-${crypto.randomUUID()}.`),
    ]),
  ),
);

test("twenty tabs and twenty API calls of one person make one sandbox, and all get ready without another click", async () => {
  const context = await browser.newContext();
  const first = await context.newPage();
  await signIn(first, product, "crowd", "/crowd/skills/door");
  const more = await Promise.all(
    Array.from({ length: TABS - 1 }, async () => {
      const page = await context.newPage();
      await page.goto(`${product.baseUrl}/crowd/skills/door`);
      return page;
    }),
  );
  const tabs = [first, ...more];
  const client = await Client.of(product, "crowd");
  const buttons = tabs.map((page) =>
    page.getByRole("button", { name: "Launch door" }),
  );
  await Promise.all(buttons.map((button) => button.waitFor()));

  const [launches] = await Promise.all([
    Promise.all(
      Array.from({ length: TABS }, () => client.launch("crowd/skills/door")),
    ),
    ...buttons.map((button) => button.click()),
  ]);

  // Every tab arrives at a conversation that can be talked to.
  await Promise.all(
    tabs.map(async (page) => {
      await page.waitForURL(/\/sessions\//, { timeout: 60_000 });
      await page.getByText("The agent has door.").waitFor({ timeout: 60_000 });
      await page.getByRole("textbox", { name: "Message" }).waitFor();
    }),
  );
  const ended = await Promise.all(
    launches.map(({ launchId }) => client.ended(launchId)),
  );
  expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["ready"]));

  const [sandbox] = await client.sandboxes();
  const made = await product.providerSandboxes();
  const own = made.filter(({ name }) => name.includes(sandbox?.slotId ?? "?"));
  expect(own.map(({ id }) => id)).toEqual([sandbox?.sandboxId ?? ""]);
  await context.close();
}, 180_000);

test("ten skills at once into one running sandbox: all on disk and listed, while a chat goes on", async () => {
  const client = await Client.of(product, "collector");
  const { sessionId } = await client.launchReady("crowd/skills/door");
  const names = Array.from({ length: SKILLS }, (_, n) => `skill-${n}`);

  const [answer, ...launches] = await Promise.all([
    client.chat(sessionId, "What does your skill say?"),
    ...names.map((name) => client.launchReady(`crowd/skills/${name}`)),
  ]);

  expect(answer?.state).toBe("done");
  expect(answer?.text).toContain("door");
  const [sandbox, ...others] = await client.sandboxes();
  expect(others).toEqual([]);
  expect(sandbox?.skills.map(({ name }) => name).sort()).toEqual(
    ["door", ...names].sort(),
  );
  // On disk: an agent asked in the last one's conversation finds its own word.
  const last = launches.at(-1);
  const own = await client.chat(last?.sessionId ?? "", "What is your word?");
  expect(own.text).toContain(`skill-${SKILLS - 1}`);
}, 180_000);

test("the open chat is told of in the other tab too", async () => {
  const client = await Client.of(product, "pair");
  const { sessionId } = await client.launchReady("crowd/skills/door");
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "pair", `/sessions/${sessionId}`);
  const other = await context.newPage();
  await other.goto(`${product.baseUrl}/sessions/${sessionId}`);
  const box = page.getByRole("textbox", { name: "Message" });
  await box.fill("Hello from the first tab");
  await box.press("Enter");
  await other.getByText("Hello from the first tab").first().waitFor();
  await until("finished answer", async () => {
    const messages = await client.messages(sessionId);
    return messages.at(-1)?.state === "done";
  });
  await context.close();
}, 120_000);
