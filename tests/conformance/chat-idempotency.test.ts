import { afterAll, beforeAll, expect, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import type { Id } from "../../convex/_generated/dataModel";
import { SHA, SKILL_KEY, startChat, type Chat } from "./chat-harness";

/** Keys that people choose, beside those that the records choose. */

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
  const url = await chat.tx((ctx) => ctx.storage.generateUploadUrl());
  const stored = await fetch(url, { method: "POST", body: "archive" });
  const { storageId } = (await stored.json()) as { storageId: Id<"_storage"> };
  await chat.tx(async (ctx) => {
    await ctx.db.insert("skills", {
      key: SKILL_KEY,
      host: "local",
      owner: "ada",
      repo: "tools",
      path: "skills/one",
      sha: SHA,
      name: "one",
      description: "One",
      body: "",
      files: [],
      totalBytes: 0,
      digest: "d",
      findings: [],
      link: "/ada/tools/one",
      storageId,
    });
  });
});
afterAll(() => chat.close());

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
  expect(await ada.client.query(api.idempotency.answered, { once })).toContain(
    "messageId",
  );
});
