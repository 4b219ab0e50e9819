import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ConvexHttpClient, type ConvexClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { api, Cleanup, watch } from "./backend-harness";
import { target } from "./backend-target";

/**
 * What any deployment does, seen only through the official clients. Runs on
 * the embedded backend, and on a real one as backend-target.ts says.
 */
const cleanup = new Cleanup();
const messages = api["messages"]!;
const counters = api["counters"]!;
type Message = { _id: string; body: string; likes?: number };

let client: ConvexClient;
let other: ConvexClient;
let http: ConvexHttpClient;

beforeAll(async () => {
  const url = await target(cleanup, "chat");
  client = cleanup.client(url);
  other = cleanup.client(url);
  http = new ConvexHttpClient(url, { logger: false });
}, 120_000);
afterAll(() => cleanup.run());

/** A real deployment keeps what earlier runs have written. */
const fresh = () => crypto.randomUUID();
const bodies = (all: Message[] | undefined) => all?.map(({ body }) => body);

describe("subscriptions", () => {
  test("see what another client writes, in order", async () => {
    const channel = fresh();
    const seen = watch<Message[]>(client, messages["list"]!, { channel });
    await seen.until((all) => all.length === 0);
    for (const body of ["a", "b", "c"]) {
      await other.mutation(messages["send"]!, { channel, body });
    }
    const all = await seen.until(({ length }) => length === 3);
    expect(bodies(all)).toEqual(["a", "b", "c"]);
  });

  test("show a mutation of the same client by the time its promise settles", async () => {
    const channel = fresh();
    const seen = watch<Message[]>(client, messages["list"]!, { channel });
    await seen.until((all) => all.length === 0);
    for (let i = 1; i <= 5; i++) {
      await client.mutation(messages["send"]!, { channel, body: `${i}` });
      expect(seen.values.at(-1)).toHaveLength(i);
    }
  });

  test("see what is scheduled, when it is due", async () => {
    const channel = fresh();
    const seen = watch<Message[]>(client, messages["list"]!, { channel });
    const later = { channel, body: "later", ms: 50 };
    await client.mutation(messages["sendLater"]!, later);
    expect(bodies(await seen.until((all) => all.length > 0))).toEqual([
      "later",
    ]);
  });

  test("see what an action's mutation writes", async () => {
    const channel = fresh();
    const seen = watch<Message[]>(client, messages["list"]!, { channel });
    await client.action(messages["sendByAction"]!, { channel, body: "hi" });
    await seen.until((all) => all.length === 1);
  });
});

describe("mutations", () => {
  test("are all or nothing, and so is a nested one by itself", async () => {
    const channel = fresh();
    const caught = await client.mutation(messages["sendAround"]!, { channel });
    expect(caught).toBe("inner");
    const all = (await http.query(messages["list"]!, { channel })) as Message[];
    expect(bodies(all)).toEqual(["before", "after"]);
  });

  test("of one client take effect in the order they were sent", async () => {
    const channel = fresh();
    const order = Array.from({ length: 20 }, (_, i) => `${i}`);
    await Promise.all(
      order.map((body) =>
        client.mutation(messages["send"]!, { channel, body }),
      ),
    );
    const all = (await http.query(messages["list"]!, { channel })) as Message[];
    expect(bodies(all)).toEqual(order);
  });

  test("of several clients lose no update", async () => {
    const name = fresh();
    const increments = [client, other, client, other].map((one) =>
      one.mutation(counters["increment"]!, { name }),
    );
    await Promise.all(increments);
    expect(await http.query(counters["value"]!, { name })).toBe(4);
  });

  test("hand on the data of a ConvexError", async () => {
    const channel = fresh();
    const id = (await client.mutation(messages["send"]!, {
      channel,
      body: "soon gone",
    })) as string;
    await client.mutation(messages["remove"]!, { id });
    const failure: unknown = await client
      .mutation(messages["like"]!, { id })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConvexError);
    const { data } = failure as ConvexError<{ code: string; id: string }>;
    expect(data).toEqual({ code: "gone", id });
  });

  test("refuse arguments that do not fit, and ids of another table", async () => {
    const wrong = client.mutation(messages["send"]!, { channel: 1, body: "x" });
    await expect(wrong).rejects.toThrow();
    const noId = client.mutation(messages["like"]!, { id: "no id" });
    await expect(noId).rejects.toThrow();
  });
});

describe("pages", () => {
  test("follow one another to the end without a gap", async () => {
    const channel = fresh();
    for (let i = 0; i < 7; i++) {
      await client.mutation(messages["send"]!, { channel, body: `${i}` });
    }
    const read: string[] = [];
    let cursor: string | null = null;
    for (let isDone = false; !isDone;) {
      const paginationOpts = { numItems: 3, cursor };
      const page = (await http.query(messages["page"]!, {
        channel,
        paginationOpts,
      })) as { page: Message[]; isDone: boolean; continueCursor: string };
      read.push(...page.page.map(({ body }) => body));
      ({ isDone, continueCursor: cursor } = page);
    }
    expect(read).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  });
});
