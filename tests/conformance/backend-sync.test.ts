import { afterEach, describe, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { api, Cleanup, eventually, watch } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

type Message = {
  _id: string;
  _creationTime: number;
  body: string;
  likes?: number;
};
const bodies = (messages: Message[]) => messages.map(({ body }) => body);
const { messages } = api as { messages: (typeof api)[string] };

describe("queries over the socket", () => {
  test("a subscriber sees what another client writes", async () => {
    const backend = await cleanup.backend("chat");
    const [reader, writer] = [
      cleanup.client(backend.url),
      cleanup.client(backend.url),
    ];
    const list = watch<Message[]>(reader, messages["list"]!, { channel: "a" });
    await list.until((value) => value.length === 0);

    await writer.mutation(messages["send"]!, { channel: "a", body: "one" });
    await writer.mutation(messages["send"]!, { channel: "b", body: "other" });
    await writer.mutation(messages["send"]!, { channel: "a", body: "two" });

    const seen = await list.until((value) => value.length === 2);
    expect(bodies(seen)).toEqual(["one", "two"]);
  });

  test("a mutation's promise settles after the client's own queries show it", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    const list = watch<Message[]>(client, messages["list"]!, { channel: "a" });
    await list.until((value) => value.length === 0);
    for (let count = 1; count <= 20; count++) {
      await client.mutation(messages["send"]!, {
        channel: "a",
        body: `${count}`,
      });
      expect(list.values[list.values.length - 1]).toHaveLength(count);
    }
  });

  test("a mutation that changes nothing the client watches settles too", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    const list = watch<Message[]>(client, messages["list"]!, { channel: "a" });
    await list.until((value) => value.length === 0);
    await client.mutation(messages["send"]!, {
      channel: "b",
      body: "elsewhere",
    });
    expect(list.values).toHaveLength(1);
  });

  test("a commit runs again only the queries that read what it wrote", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    const lists = Array.from({ length: 50 }, (_, i) =>
      watch<Message[]>(client, messages["list"]!, { channel: `c${i}` }),
    );
    for (const list of lists) await list.until((value) => value.length === 0);
    const before = backend.stats().queryRuns;

    await client.mutation(messages["send"]!, { channel: "c7", body: "x" });
    expect(backend.stats().queryRuns - before).toBe(1);
    await client.mutation(messages["send"]!, { channel: "nobody", body: "x" });
    expect(backend.stats().queryRuns - before).toBe(1);
  });

  test("equal queries of many clients run once, and equal results are not sent", async () => {
    const backend = await cleanup.backend("chat");
    const clients = Array.from({ length: 10 }, () =>
      cleanup.client(backend.url),
    );
    const pages = clients.map((client) =>
      watch<{ page: Message[] }>(client, messages["page"]!, {
        channel: "a",
        paginationOpts: { numItems: 10, cursor: null },
      }),
    );
    for (const page of pages)
      await page.until((value) => value.page.length === 0);
    const before = backend.stats().queryRuns;
    await clients[0]!.mutation(messages["send"]!, { channel: "a", body: "x" });
    for (const page of pages)
      await page.until((value) => value.page.length === 1);
    expect(backend.stats().queryRuns - before).toBe(1);

    // Removed and written again within one moment: what is shown stays equal.
    const ids = pages[0]!.values.at(-1)!.page.map(({ _id }) => _id);
    const delivered = pages.map((page) => page.values.length);
    await backend.transaction(async (ctx) => {
      await ctx.db.patch(ids[0]! as never, { body: "y" });
      await ctx.db.patch(ids[0]! as never, { body: "x" });
    });
    await clients[0]!.mutation(messages["send"]!, { channel: "b", body: "z" });
    expect(pages.map((page) => page.values.length)).toEqual(delivered);
  });

  test("a query that fails tells why, and recovers when its data does", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    const wrong = watch(client, messages["list"]!, { channel: 7 });
    const unknown = watch(client, messages["nothing"]!, {});
    await eventually(
      () => wrong.errors.length,
      (n) => n > 0,
    );
    await eventually(
      () => unknown.errors.length,
      (n) => n > 0,
    );
    expect(wrong.errors[0]!.message).toContain("ArgumentValidationError");
    expect(wrong.errors[0]!.message).toContain(".channel");
    expect(unknown.errors[0]!.message).toContain("messages:nothing");
    expect(unknown.errors[0]!.message).toContain("messages:list");
  });
});

describe("mutations", () => {
  test("are all or nothing, and so is a nested one by itself", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    await expect(client.mutation(messages["fail"]!, {})).rejects.toThrow(
      "boom",
    );
    expect(await client.query(messages["list"]!, { channel: "x" })).toEqual([]);

    const caught = await client.mutation(messages["sendAround"]!, {
      channel: "n",
    });
    expect(caught).toBe("inner");
    const seen = (await client.query(messages["list"]!, {
      channel: "n",
    })) as Message[];
    expect(bodies(seen)).toEqual(["before", "after"]);
  });

  test("carry the data of a ConvexError to the client", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    const id = await client.mutation(messages["send"]!, {
      channel: "a",
      body: "x",
    });
    await client.mutation(messages["remove"]!, { id });
    const error: unknown = await client
      .mutation(messages["like"]!, { id })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConvexError);
    expect((error as ConvexError<never>).data).toEqual({
      code: "gone",
      id,
    } as never);
    const http = new ConvexHttpClient(backend.url, { logger: false });
    const overHttp: unknown = await http
      .mutation(messages["like"]!, { id })
      .catch((thrown: unknown) => thrown);
    expect((overHttp as ConvexError<never>).data).toEqual({
      code: "gone",
      id,
    } as never);
  });

  test("check ids, arguments and results", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    const counter = await backend.transaction((ctx) =>
      ctx.db.insert("counters", { name: "n", value: 0 }),
    );
    const like = (id: string) => client.mutation(messages["like"]!, { id });
    await expect(like("nonsense")).rejects.toThrow(
      'Validator: v.id("messages")',
    );
    await expect(like(counter)).rejects.toThrow("from table `counters`");
    await expect(
      backend.transaction((ctx) =>
        ctx.db.insert("messages", { body: "no channel" }),
      ),
    ).rejects.toThrow("missing the required field `channel`");
    await expect(
      client.mutation(messages["sendThenThrow"]!, { channel: "internal" }),
    ).rejects.toThrow("Could not find public function");
  });
});

describe("pages", () => {
  test("of a subscription keep their end while documents come and go", async () => {
    const backend = await cleanup.backend("chat");
    const client = cleanup.client(backend.url);
    for (let i = 0; i < 5; i++) {
      await client.mutation(messages["send"]!, { channel: "a", body: `${i}` });
    }
    type Page = { page: Message[]; isDone: boolean; continueCursor: string };
    const args = (cursor: string | null) => ({
      channel: "a",
      paginationOpts: { numItems: 2, cursor },
    });
    const first = watch<Page>(client, messages["page"]!, args(null));
    const page = await first.until(() => true);
    expect(bodies(page.page)).toEqual(["0", "1"]);
    expect(page.isDone).toBe(false);

    const second = watch<Page>(
      client,
      messages["page"]!,
      args(page.continueCursor),
    );
    expect(bodies((await second.until(() => true)).page)).toEqual(["2", "3"]);

    // What is removed from the first page is not made up for from the second.
    await client.mutation(messages["remove"]!, { id: page.page[0]!._id });
    expect(bodies(first.values.at(-1)!.page)).toEqual(["1"]);
    expect(bodies(second.values.at(-1)!.page)).toEqual(["2", "3"]);

    const third = watch<Page>(
      client,
      messages["page"]!,
      args(second.values.at(-1)!.continueCursor),
    );
    const last = await third.until(() => true);
    expect([bodies(last.page), last.isDone]).toEqual([["4"], true]);
  });

  test("refuse the cursor of another query", async () => {
    const backend = await cleanup.backend("chat");
    const http = new ConvexHttpClient(backend.url, { logger: false });
    const page = (channel: string, cursor: string | null) =>
      http.query(messages["page"]!, {
        channel,
        paginationOpts: { numItems: 1, cursor },
      });
    await http.mutation(messages["send"]!, { channel: "a", body: "1" });
    await http.mutation(messages["send"]!, { channel: "a", body: "2" });
    const { continueCursor } = (await page("a", null)) as {
      continueCursor: string;
    };
    await expect(page("b", continueCursor)).rejects.toThrow("InvalidCursor");
  });
});
