import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { Client, repository, signIn, skillMd, until } from "./harness";
import { opened } from "./harness/opened";

const { product, browser } = await opened();
await repository(product.skillsDir, "new", "skills", {
  "skills/note/SKILL.md": skillMd("note", "Note."),
  "skills/key/SKILL.md": skillMd("key", "Key.").replace(
    "\n---\n\n",
    "\nrequired_environment_variables: [NOTE_TOKEN]\n---\n\n",
  ),
});

async function dashboard(user: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, product, user);
  return page;
}

const press = (page: Page, name: string) =>
  page.getByRole("button", { name, exact: true }).click();

/** Presses Replace and agrees to it. */
async function replace(page: Page): Promise<void> {
  await press(page, "Replace");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("What is kept").waitFor();
  await dialog.getByRole("button", { name: "Replace sandbox" }).click();
}

type Sandbox = { state: { status: string }; generation: number };

async function toRun(client: Client, generation: number): Promise<void> {
  await until(
    `sandbox ${generation} to run`,
    async () => {
      const { body } = await client.ask<{ sandboxes: Sandbox[] }>(
        "GET",
        "/sandboxes",
      );
      const [one] = body.sandboxes;
      return one?.state.status === "running" && one.generation === generation;
    },
    { withinMs: 120_000 },
  );
}

test("a sandbox that is replaced shows its stages and has its files and skills afterwards", async () => {
  const client = await Client.of(product, "keeper");
  const { sessionId } = await client.launchReady("new/skills/note");
  await client.chat(sessionId, "run: echo kept-for-you > note.txt");
  const [before] = await client.sandboxes();
  const page = await dashboard("keeper");

  await replace(page);

  const stages = page.getByRole("list", { name: "Stages of the replacement" });
  await stages.waitFor();
  const seen = new Set<string>();
  const now = stages.locator('[aria-current="step"]');
  await until(
    "end of the replacement",
    async () => {
      for (const text of await now.allInnerTexts()) {
        seen.add(text.split("\n")[1] ?? text);
      }
      return (await stages.count()) === 0;
    },
    { withinMs: 120_000, everyMs: 30 },
  );
  expect(seen.size).toBeGreaterThan(1);
  await toRun(client, 2);

  const answer = await client.chat(sessionId, "run: cat note.txt");
  expect(JSON.stringify(answer)).toContain("kept-for-you");
  await page.getByText("1 skill on its disk").waitFor();
  const [after] = await client.sandboxes();
  expect(after?.sandboxId).not.toBe(before?.sandboxId ?? null);
  const there = await product.providerSandboxes();
  expect(there.map(({ id }) => id)).not.toContain(before?.sandboxId ?? "");
});

test("a replacement that cannot keep the files halts, and is given up or resumed", async () => {
  const client = await Client.of(product, "hoarder");
  const { sessionId } = await client.launchReady("new/skills/note");
  await client.chat(sessionId, "run: truncate -s 210M big.bin");
  const page = await dashboard("hoarder");

  await replace(page);
  const why = page.getByRole("paragraph").filter({ hasText: "200 MiB can be" });
  await why.last().waitFor();
  await page.getByText("Nothing is lost").waitFor();
  const other = await client.ask<{ code: string }>("POST", "/launches", {
    skill: "new/skills/note",
  });
  expect(other).toMatchObject({
    status: 409,
    body: { code: "replace_halted" },
  });
  await press(page, "Keep the old one");
  await toRun(client, 1);

  await replace(page);
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await why.last().waitFor();
  await press(page, "Keep the old one");
  await toRun(client, 1);
  await client.chat(sessionId, "run: rm big.bin && echo small > note.txt");
  await replace(page);
  await toRun(client, 2);
});

test("Stop all stops them, Restore brings back what ran, and what fails is tried again", async () => {
  const client = await Client.of(product, "leaver");
  await client.launchReady("new/skills/note");
  await client.launchReady("new/skills/key"); // asks for a secret: one of its own
  const page = await dashboard("leaver");
  await page.getByRole("heading", { name: "Sandboxes" }).waitFor();
  await page.getByText("no other skill is launched into it").waitFor();

  await press(page, "Stop all");
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Stop all" })
    .click();
  const set = page.getByRole("list", { name: "2 sandboxes" });
  await until("both to be stopped", async () => {
    const words = await set.getByText("Stopped", { exact: true }).count();
    return words === 2;
  });

  await product.faults([
    {
      ...{ route: "POST /sandbox/{id}/start", kind: "error-before" },
      ...{ status: 403, count: 1 },
    },
  ]);
  await press(page, "Restore 2");
  await page.getByText("Not started").waitFor({ timeout: 60_000 });
  const one = page.getByRole("list", { name: "1 sandbox" });
  await one.waitFor({ timeout: 60_000 }); // the other runs and has left the set
  await press(page, "Restore 1");
  await page.getByText("Stopped together").waitFor({
    ...{ state: "hidden", timeout: 60_000 },
  });
  const all = await client.sandboxes();
  expect(all.map(({ state }) => state.status)).toEqual(["running", "running"]);
});
