import { afterAll, beforeAll, expect, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import { until } from "./chat-daemon";
import { SKILL_KEY, SKILL_PATH, startChat, type Chat } from "./chat-harness";

/** Conversations that share a sandbox: about two commits of one skill, and one that ends. */

const YOUNG = "b".repeat(40);
let chat: Chat;

beforeAll(async () => {
  chat = await startChat();
});
afterAll(() => chat.close());

test("each is answered with its own version, before and after the other is installed", async () => {
  const ada = await chat.person("ada");
  await ada.send("before");
  const before = await chat.daemon.turn("before");
  await before.tell({ kind: "end", reason: "complete" });
  const youngPath = `${SKILL_PATH}/@young`;
  const young = await chat.tx(async (ctx) => {
    const { slotId, userId } = ada;
    await ctx.db.insert("installedSkills", {
      ...{ slotId, generation: 1, skillKey: SKILL_KEY, sha: YOUNG },
      ...{ name: "one", link: "/ada/tools/one", digest: "e", path: youngPath },
    });
    return ctx.db.insert("sessions", {
      ...{ userId, slotId, skillKey: SKILL_KEY, sha: YOUNG },
      ...{ skillName: "one", link: "/ada/tools/one", title: "one" },
    });
  });
  await ada.answered("done");
  await ada.send("to the new one", young);
  await ada.send("to the old one");
  const pathOf = async (text: string) =>
    (await chat.daemon.turn(text)).request.skill.path;
  expect(await pathOf("to the new one")).toBe(youngPath);
  expect(await pathOf("to the old one")).toBe(SKILL_PATH);
  expect(before.request.skill.path).toBe(SKILL_PATH);
});

test("a deleted conversation is gone, what ran in it is stopped, and the other goes on", async () => {
  const bob = await chat.person("bob");
  const other = await bob.newSession();
  await bob.send("runs");
  await bob.send("waits");
  await chat.daemon.turn("runs");
  await bob.answered("queued");
  const { sessionId } = bob;
  const eve = await chat.person("eve");
  const remove = (client: typeof bob.client) =>
    client.mutation(api.sessions.remove, { sessionId });
  await expect(remove(eve.client)).rejects.toMatchObject({
    data: { code: "not_found" },
  });

  await remove(bob.client);
  expect(await bob.client.query(api.sessions.get, { sessionId })).toBeNull();
  const running = chat.daemon.taken.find(({ text }) => text === "runs");
  await until(() => chat.daemon.stops.includes(running?.turnId ?? ""));
  expect(chat.daemon.taken.map(({ text }) => text)).not.toContain("waits");
  await bob.send("goes on", other);
  await chat.daemon.turn("goes on");
  await expect(remove(bob.client)).rejects.toMatchObject({
    data: { code: "not_found" },
  });
});
