import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { createBackend } from "../../emulators/backend";
import { api, Cleanup, eventually, FIXTURES, watch } from "./backend-harness";
import { startProcess } from "./backend-process";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const CHAT = join(FIXTURES, "chat");
const messages = api["messages"]!;
type Message = { _id: string; body: string };

describe("after kill -9", () => {
  test("everything that was acknowledged is there, and nothing twice", async () => {
    const data = await cleanup.folder();
    let backend = await startProcess(cleanup, { functions: CHAT, data });
    const { port } = backend;
    const client = cleanup.client(backend.url);
    const acknowledged: string[] = [];
    const send = async (body: string) => {
      await client.mutation(messages["send"]!, { channel: "a", body });
      acknowledged.push(body);
    };
    for (let round = 0; round < 3; round++) {
      // A crash in the middle of it: the client sends again what was not
      // answered, with the same request ids.
      const burst = Array.from({ length: 40 }, (_, i) => send(`${round}-${i}`));
      await eventually(
        () => acknowledged.length,
        (n) => n > round * 40 + 5,
      );
      await backend.kill();
      backend = await startProcess(cleanup, { functions: CHAT, data, port });
      await Promise.all(burst);
    }
    const http = new ConvexHttpClient(backend.url, { logger: false });
    const stored = (await http.query(messages["list"]!, {
      channel: "a",
    })) as Message[];
    expect(stored.map(({ body }) => body).sort()).toEqual(acknowledged.sort());
    expect(acknowledged).toHaveLength(120);
  }, 30_000);

  test("a second backend names the first, and takes over once it is gone", async () => {
    const data = await cleanup.folder();
    const first = await startProcess(cleanup, { functions: CHAT, data });
    const second = startProcess(cleanup, { functions: CHAT, data });
    await expect(second).rejects.toThrow(`pid ${first.pid}`);
    await first.kill();
    const third = await startProcess(cleanup, { functions: CHAT, data });
    expect(await third.stop()).toBe(0);
  }, 15_000);
});

describe("a mutation that is sent again", () => {
  /** Speaks the protocol by hand: the official client chooses its own request ids. */
  async function sendOnce(url: string, session: string, request: number) {
    const socket = new WebSocket(
      `${url.replace("http", "ws")}/api/1.48.0/sync`,
    );
    const answer = Promise.withResolvers<{ result: string; ts: string }>();
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as {
        type: string;
        result: string;
        ts: string;
      };
      if (message.type === "MutationResponse") answer.resolve(message);
    };
    socket.onopen = () => {
      const say = (message: object) => socket.send(JSON.stringify(message));
      say({
        type: "Connect",
        sessionId: session,
        connectionCount: 0,
        lastCloseReason: null,
        clientTs: 0,
      });
      say({
        type: "ModifyQuerySet",
        baseVersion: 0,
        newVersion: 1,
        modifications: [],
      });
      say({
        type: "Mutation",
        requestId: request,
        udfPath: "messages:send",
        args: [{ channel: "once", body: "x" }],
      });
    };
    const { result, ts } = await answer.promise;
    socket.close();
    return { result, ts };
  }

  test("is applied once, also across a restart, and gets the first answer", async () => {
    const data = await cleanup.folder();
    const options = { functions: CHAT, data, log: () => {} };
    let backend = await createBackend(options);
    const first = await sendOnce(backend.url, "s1", 4);
    expect(await sendOnce(backend.url, "s1", 4)).toEqual(first);
    await backend.close();
    backend = await createBackend(options);
    cleanup.add(() => backend.close());
    expect(await sendOnce(backend.url, "s1", 4)).toEqual(first);
    expect(await sendOnce(backend.url, "s2", 4)).not.toEqual(first);
    const stored = await backend.run("messages:list", { channel: "once" });
    expect(stored).toHaveLength(2);
  });
});

describe("a schema that changes between starts", () => {
  const start = (data: string, schema: unknown) =>
    createBackend({
      functions: { "schema.ts": async () => ({ default: schema }) },
      data,
      log: () => {},
    });

  test("gets its new indexes filled and its old ones removed", async () => {
    const data = await cleanup.folder();
    const fields = { name: v.string(), age: v.number() };
    let backend = await start(
      data,
      defineSchema({ people: defineTable(fields).index("by_age", ["age"]) }),
    );
    await backend.transaction(async (ctx) => {
      for (const [name, age] of [
        ["c", 3],
        ["a", 1],
        ["b", 2],
      ] as const) {
        await ctx.db.insert("people", { name, age });
      }
    });
    await backend.close();
    backend = await start(
      data,
      defineSchema({ people: defineTable(fields).index("by_name", ["name"]) }),
    );
    cleanup.add(() => backend.close());
    const names = (index: string) =>
      backend.transaction(async (ctx) => {
        const people = await ctx.db.query("people").withIndex(index).collect();
        return people.map((person) => person["name"] as string);
      });
    expect(await names("by_name")).toEqual(["a", "b", "c"]);
    expect(await names("by_creation_time")).toEqual(["c", "a", "b"]);
    await expect(names("by_age")).rejects.toThrow("people.by_age not found");
  });

  test("is refused by name of a document that does not fit, and loses nothing", async () => {
    const data = await cleanup.folder();
    const loose = defineSchema({ people: defineTable({ name: v.string() }) });
    const strict = defineSchema({
      people: defineTable({ name: v.string(), age: v.number() }),
    });
    let backend = await start(data, loose);
    const id = await backend.transaction((ctx) =>
      ctx.db.insert("people", { name: "a" }),
    );
    await backend.close();
    const refused = start(data, strict);
    await expect(refused).rejects.toThrow(
      `Document with ID "${id}" in table "people"`,
    );
    backend = await start(data, loose);
    cleanup.add(() => backend.close());
    const found = await backend.transaction((ctx) => ctx.db.get(id));
    expect(found).toMatchObject({ name: "a" });
  });
});

test("reset empties everything and the clients see it", async () => {
  const backend = await cleanup.backend("chat");
  const client = cleanup.client(backend.url);
  const list = watch<Message[]>(client, messages["list"]!, { channel: "a" });
  await client.mutation(messages["send"]!, { channel: "a", body: "x" });
  await list.until((value) => value.length === 1);
  await backend.reset();
  await list.until((value) => value.length === 0);
  await client.mutation(messages["send"]!, { channel: "a", body: "y" });
  expect(list.values.at(-1)).toMatchObject([{ body: "y" }]);
});
