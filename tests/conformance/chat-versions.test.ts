import { afterAll, beforeAll, expect, test } from "bun:test";
import { SKILL_KEY, SKILL_PATH, startChat, type Chat } from "./chat-harness";

/** Conversations about two commits of one skill, in one sandbox. */

const YOUNG = "b".repeat(40);
let chat: Chat;

beforeAll(async () => {
  chat = await startChat([
    {
      id: "demo",
      label: "Demo",
      baseUrl: "http://127.0.0.1:9/v1",
      keyless: true,
      defaultModel: "demo",
    },
  ]);
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
