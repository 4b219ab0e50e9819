import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, git, repository, signIn, skillMd, until } from "./harness";
import { opened } from "./harness/opened";

/** Skills that vanish, versions that live side by side, a sandbox that is not there after all. */

const SKILL = "use/skills/word";
/** Of a repository that changes while its test runs. */
const CHANGING = "changing/skills/word";
const { product, browser } = await opened();
for (const owner of ["use", "changing"]) {
  await repository(product.skillsDir, owner, "skills", {
    "skills/word/SKILL.md": skillMd("word", "The word is ANCHOR."),
  });
}

const said = (answer: { parts: { kind: string }[] }) =>
  JSON.stringify(answer.parts);

test("a skill whose folder was deleted is back for the next conversation", async () => {
  const client = await Client.of(product, "loser");
  const first = await client.launchReady(SKILL);
  expect(said(await client.chat(first.sessionId, "Hello"))).toContain("ANCHOR");
  await client.chat(first.sessionId, "run: rm -rf ~/.slipway/skills/*");

  const again = await client.launchReady(SKILL);
  expect(again.path).toBe("instant");
  await until("the repair", async () => {
    const [sandbox] = (await client.sandboxes()) as { repairs?: number }[];
    return sandbox?.repairs === 1;
  });
  const answer = await client.chat(again.sessionId, "Hello");
  expect(answer.state).toBe("done");
  expect(said(answer)).toContain("ANCHOR");
}, 180_000);

test("two conversations at two commits share a sandbox, each with its version", async () => {
  const client = await Client.of(product, "versions");
  const old = await client.launchReady(CHANGING);
  const dir = join(product.skillsDir, "changing", "skills");
  await Bun.write(
    join(dir, "skills/word/SKILL.md"),
    skillMd("word", "The word is now RUDDER."),
  );
  git(dir, "commit", "-q", "-a", "-m", "Another word");
  const young = await until(
    "the new commit",
    async () => {
      const launch = await client.launchReady(CHANGING);
      const [sandbox] = await client.sandboxes();
      return (sandbox?.skills.length ?? 0) > 1 && launch;
    },
    { withinMs: 120_000, everyMs: 3_000 },
  );
  expect(young.path).toBe("hot");
  expect(young.sandboxId).toBe(old.sandboxId);
  const [before, after] = await Promise.all([
    client.chat(old.sessionId, "Hello"),
    client.chat(young.sessionId, "Hello"),
  ]);
  expect(said(before)).toContain("ANCHOR");
  expect(said(before)).not.toContain("RUDDER");
  expect(said(after)).toContain("RUDDER");
  expect(said(after)).not.toContain("ANCHOR");
}, 240_000);

test("a launch into a sandbox that is gone makes a new one, and the page says so", async () => {
  const client = await Client.of(product, "ghost");
  const first = await client.launchReady(SKILL);
  // While the agent boots it is looked at every other second, and found out.
  await until("the agent", async () => {
    const [sandbox] = await client.sandboxes();
    return sandbox?.agent?.state === "ready";
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, product, "ghost", `/${SKILL}`);
  const launch = page.getByRole("button", { name: /^Launch/ });
  await launch.waitFor();
  // Slow, so that the page can be read while it is made anew.
  await product.faults([
    { route: "POST /sandbox", kind: "latency", count: 1, ms: 4_000 },
  ]);
  await deleteAtProvider(first.sandboxId ?? "");
  await launch.click();
  await page.waitForURL(/\/sessions\//);
  await page
    .getByText("The sandbox was gone at the provider. A new one is made.")
    .first()
    .waitFor({ timeout: 30_000 });
  const sessionId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const answer = await client.chat(sessionId, "Hello");
  expect(answer.state).toBe("done");
  const [sandbox] = await client.sandboxes();
  expect(sandbox?.sandboxId).not.toBe(first.sandboxId);
  await context.close();
}, 240_000);

test("a visible tab says that it watches, and counts down by the server's clock", async () => {
  const client = await Client.of(product, "reader");
  const { sessionId } = await client.launchReady(SKILL);
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
  });
  const page = await context.newPage();
  const sent: string[] = [];
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => sent.push(String(payload)));
  });
  await signIn(page, product, "reader");
  expect(sent.join()).not.toContain("presence:watch");
  // The machine's clock is wrong by half an hour: all that it would show is 0:00.
  await page.clock.setSystemTime(Date.now() + 31 * 60_000);
  await page.goto(`${product.baseUrl}/sessions/${sessionId}`);
  await until("a heartbeat", async () =>
    sent.some((frame) => frame.includes("presence:watch")),
  );
  await page
    .getByRole("complementary", { name: "Details of this session" })
    .getByText(/^(29|30):\d\d$/)
    .waitFor({ timeout: 30_000 });
  const beats = sent.filter((frame) => frame.includes("presence:watch"));
  expect(beats.length).toBeLessThan(3);
  await context.close();
}, 180_000);

/** As its owner might in the provider's own dashboard. */
async function deleteAtProvider(sandboxId: string): Promise<void> {
  const { endpoints } = await product.health();
  const file = await readFile(join(product.dataDir, "secrets.json"), "utf8");
  const { sandboxApiKey } = JSON.parse(file) as { sandboxApiKey: string };
  const response = await fetch(
    `${endpoints.sandbox}/api/sandbox/${sandboxId}`,
    {
      method: "DELETE",
      headers: { authorization: `Bearer ${sandboxApiKey}` },
    },
  );
  if (!response.ok) throw new Error(await response.text());
  await until("its end at the provider", async () => {
    const left = await product.providerSandboxes();
    return left.every(({ id }) => id !== sandboxId);
  });
}
