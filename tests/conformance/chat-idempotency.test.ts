import { afterAll, beforeAll, expect, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import {
  SHA,
  SKILL_KEY,
  startChat,
  storeSkill,
  type Chat,
} from "./chat-harness";

/** Keys that people choose, beside those that the records choose. */

let chat: Chat;

beforeAll(async () => {
  chat = await startChat();
  await storeSkill(chat);
});
afterAll(() => chat.close());

const DAY = 24 * 60 * 60 * 1_000;

test("a keyed request is not taken for a launch, whatever route it names", async () => {
  const ada = await chat.person("ada");
  const once = { route: "launches.request", key: "mine", bodyHash: "" };
  const { sessionId } = ada;
  await ada.client.mutation(api.sessions.send, {
    sessionId,
    text: "hello",
    clientId: "c",
    once,
  });
  const launched = await ada.client.mutation(api.launches.request, {
    skillKey: SKILL_KEY,
    sha: SHA,
    clientId: "mine",
  });
  expect(launched.launchId).toBeString();
  const asked = { once, now: Date.now() };
  const { answered } = api.idempotency;
  expect(await ada.client.query(answered, asked)).toContain("messageId");
  const later = { once, now: Date.now() + DAY };
  expect(await ada.client.query(answered, later)).toBeNull();
});
