import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import {
  always,
  openBrowser,
  Owner,
  signIn,
  until,
  type Sandbox,
} from "./harness";
import { STOP_DEADLINE } from "../../convex/model/timing";
import { Scene } from "./harness/life";
import { longSince, tamper } from "./harness/tamper";

const SKILL = "storm/skills/s0";
/** A lease runs for 60 s after its worker died; the next cron gives it to another. */
const TAKEOVER = 100_000;

let scene: Scene;
let browser: Browser;

beforeAll(async () => {
  scene = await Scene.open();
  browser = await openBrowser();
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await scene?.close();
});

/** What its owner sees of it. */
async function dashboard({ user }: Owner): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, scene.product, user);
  return page;
}

/** Somebody whose running sandbox holds a note. */
async function withNote(note: string): Promise<Owner> {
  const person = await Owner.of(scene.product, scene.operator);
  await person.client.launchReady(SKILL);
  await person.write(note);
  return person;
}

const stage =
  (wanted: string) =>
  ({ state }: Sandbox) =>
    state.status === "replacing" && state.stage === wanted;

const halted = ({ state }: Sandbox) =>
  state.status === "replacing" && state.error !== undefined;

async function made(): Promise<string[]> {
  return (await scene.operator.sandboxes()).map(({ id }) => id);
}

test("a replacement whose delete does not happen waits with it, makes no second sandbox, and ends whole", async () => {
  const { operator } = scene;
  const person = await withNote("kept though the delete failed");
  const old = await person.sandbox();
  await operator.arm([
    always(`DELETE /sandbox/${old.sandboxId}`, { kind: "no-effect" }),
  ]);
  await person.ask("replace");
  await person.becomes("being deleted", stage("delete"));
  const page = await dashboard(person);
  const step = page.locator('[aria-current="step"]');
  await step.getByText("Delete it").waitFor();

  // A launch that comes now waits, and nothing is made beside the old one.
  const { launchId } = await person.client.launch(SKILL);
  await refused(person, "start", "sandbox_busy");
  const seen = await Promise.all([person.sandbox(), made()]);
  expect(seen[0].generation).toBe(old.generation);
  expect(seen[1]).toContain(old.sandboxId ?? "");
  const waiting = await person.client.ask("GET", `/launches/${launchId}`);
  expect(waiting.body).toMatchObject({ state: "queued" });

  await operator.arm([]);
  const now = await person.reaches("running");
  expect(now.generation).toBe(old.generation + 1);
  expect(await person.read()).toBe("kept though the delete failed");
  expect((await person.client.ended(launchId)).state).toBe("ready");
  await expectOnly(person);
}, 120_000);

test("what arrived is not what was kept: it halts, says so, and goes on from there", async () => {
  const { operator, product } = scene;
  const person = await withNote("the right words");
  await operator.arm([{ route: "POST /sandbox", kind: "latency", ms: 2_000 }]);
  await person.ask("replace");
  await person.becomes("being made", stage("create"));
  const putBack = await tamper(product, "the right words", "the wrong words");

  const sandbox = await person.becomes("halted", halted);
  expect(sandbox.state).toMatchObject({
    stage: "restore",
    error: { code: "restore_mismatch" },
  });
  expect(sandbox.state.error?.message).toMatch(/\w/);
  expect(sandbox.state.error?.next).toMatch(/\w/);
  expect(sandbox).toMatchObject({ health: "failed", cancellable: true });
  const page = await dashboard(person);
  await page.getByText("is not what was kept of the old one").last().waitFor();
  await page.getByText("What was kept is stored").waitFor();
  const launch = await person.client.ask("POST", "/launches", { skill: SKILL });
  expect(launch.body).toMatchObject({ code: "replace_halted" });

  // As long as it is wrong, another try comes to the same.
  await person.ask("replace/resume");
  await person.becomes("halted again", halted);

  await putBack();
  await page.getByRole("button", { name: "Resume" }).click();
  await person.reaches("running");
  expect(await person.read()).toBe("the right words");
  expect((await person.client.launchReady(SKILL)).sandboxId).toBe(
    await person.id(),
  );
  await expectOnly(person);
}, 120_000);

test("one of three does not stop: it is not reported as stopped, and stops later", async () => {
  const { operator } = scene;
  const [shared, second, third] = await withThree();
  await operator.arm([always(`POST /sandbox/${await second.id()}/stop`)]);
  await shared.client.ask("POST", "/sandboxes/stop-all");
  await shared.reaches("stopped");
  await third.reaches("stopped");
  const set = (await dashboard(shared)).getByRole("list", {
    name: "3 sandboxes",
  });
  await set.getByText("Stopped", { exact: true }).nth(1).waitFor();
  await set.getByText("Stopping", { exact: true }).waitFor();

  expect(await items(shared)).toEqual({
    [(await shared.sandbox()).slotId]: "stopped",
    [(await second.sandbox()).slotId]: "stopping",
    [(await third.sandbox()).slotId]: "stopped",
  });
  expect((await second.sandbox()).state.status).toBe("stopping");

  await operator.arm([]);
  await second.reaches("stopped");
  expect(Object.values(await items(shared))).toEqual(
    Array.from({ length: 3 }, () => "stopped"),
  );
}, 120_000);

test("one of three did not stop in time: its owner is told, has it stopped again, and sees it stopped", async () => {
  const { operator, product } = scene;
  const [shared, second, third] = await withThree();
  const { slotId, sandboxId } = await second.sandbox();
  const page = await dashboard(shared);
  await operator.arm([always(`POST /sandbox/${sandboxId}/stop`)]);
  await page.getByRole("button", { name: "Stop all" }).click();
  const sure = page.getByRole("dialog", { name: "Stop all sandboxes?" });
  await sure.getByRole("button", { name: "Stop all" }).click();
  const set = page.getByRole("list", { name: "3 sandboxes" });
  await set.getByText("Stopped", { exact: true }).nth(1).waitFor();
  await set.getByText("Stopping", { exact: true }).waitFor();
  await longSince(product, slotId, STOP_DEADLINE);

  const row = set.getByRole("listitem").filter({ hasText: "Not stopped" });
  await row.waitFor({ timeout: TAKEOVER });
  await row.getByText("The provider did not confirm the stop.").waitFor();
  await row.getByText("Stop it again.").waitFor();
  expect((await second.sandbox()).state.status).toBe("running");
  // Whoever starts another one by hand meanwhile keeps it.
  await third.ask("start");
  await third.reaches("running");
  const two = page.getByRole("list", { name: "2 sandboxes" });
  await two.waitFor();

  await operator.arm([]);
  const again = page.getByRole("button", { name: "Stop 1 again" });
  await again.focus();
  await page.keyboard.press("Enter");
  await two.getByText("Stopped", { exact: true }).nth(1).waitFor();
  await again.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Restore 2" }).waitFor();
  expect(await items(shared)).toEqual({
    [(await shared.sandbox()).slotId]: "stopped",
    [slotId]: "stopped",
  });
  expect((await second.sandbox()).state.status).toBe("stopped");
  const made = await operator.sandboxes();
  expect(made.find(({ id }) => id === sandboxId)?.state).toBe("stopped");
  expect((await third.sandbox()).state.status).toBe("running");
}, 200_000);

test("one of three does not start again: it is kept with its reason, and comes when asked again", async () => {
  const { operator } = scene;
  const [shared, second, third] = await withThree();
  const id = await second.id();
  await shared.client.ask("POST", "/sandboxes/stop-all");
  for (const one of [shared, second, third]) await one.reaches("stopped");

  await operator.arm([always(`POST /sandbox/${id}/start`, { status: 400 })]);
  await shared.client.ask("POST", "/sandboxes/restore");
  await shared.reaches("running");
  await third.reaches("running");
  const { slotId } = await second.sandbox();
  await until("failed item", async () => {
    return (await items(shared))[slotId] === "failed";
  });
  expect(await items(shared)).toEqual({ [slotId]: "failed" });
  const [item] = await shared.fleet();
  expect(item?.error).toMatchObject({ code: "provider_refused" });
  expect(item?.error?.next).toMatch(/\w/);

  await operator.arm([]);
  await shared.client.ask("POST", "/sandboxes/restore");
  await second.reaches("running");
  expect(await items(shared)).toEqual({});
  expect(await second.id()).toBe(id);
}, 120_000);

test("kill -9 of the backend between delete and create: it resumes by itself", async () => {
  const { operator, product } = scene;
  const person = await withNote("kept over a crash");
  const old = await person.sandbox();
  const route = `DELETE /sandbox/${old.sandboxId}`;
  await operator.arm([{ route, kind: "late-answer", ms: 4_000 }]);
  await person.ask("replace");
  await until("end of the old one", async () => {
    return !(await made()).includes(old.sandboxId ?? "");
  });
  const before = await person.sandbox();
  expect(before.state).toMatchObject({ status: "replacing", stage: "delete" });
  await product.kill("backend");

  const now = await person.reaches("running", TAKEOVER);
  expect(now.generation).toBe(old.generation + 1);
  expect(await person.read()).toBe("kept over a crash");
  await expectOnly(person);
}, 200_000);

async function items(person: Owner): Promise<Record<string, string>> {
  const all = await person.fleet();
  return Object.fromEntries(all.map(({ slotId, state }) => [slotId, state]));
}

/** The shared sandbox, and two of skills' own. */
async function withThree(): Promise<[Owner, Owner, Owner]> {
  const person = await Owner.of(scene.product, scene.operator);
  await person.client.launchReady(SKILL);
  const own = ["storm/skills/s1", "storm/skills/s2"].map(async (skill) => {
    const body = { skill, own: true };
    const answer = await person.client.ask<{ launchId: string }>(
      ...(["POST", "/launches", body] as const),
    );
    await person.client.ended(answer.body.launchId);
    const name = `local/storm/skills/skills/${skill.split("/").at(-1)}`;
    return person.ofSkill(name);
  });
  return [person, ...((await Promise.all(own)) as [Owner, Owner])];
}

async function refused(person: Owner, what: string, code: string) {
  const { slotId } = await person.sandbox();
  const answer = await person.client.ask(
    "POST",
    `/sandboxes/${slotId}/${what}`,
  );
  expect(answer.body).toMatchObject({ code });
}

/** After one sweep the provider has the present sandbox, and not the former. */
async function expectOnly(person: Owner): Promise<void> {
  const { orphansHealed } = await scene.operator.sweep();
  expect(orphansHealed).toBe(0);
  const { slotId, sandboxId, previous } = await person.sandbox();
  expect(previous).toBeNull();
  const all = await scene.operator.sandboxes();
  const own = all.filter(({ name }) => name.includes(slotId));
  expect(own.map(({ id }) => id)).toEqual([sandboxId ?? ""]);
}
