import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  contract,
  startApi,
  type Api,
  type CallOptions,
  type Document,
} from "./http-api-harness";

/** Pages of lists, and whose cursors they take. */

let api: Api;
let check: ReturnType<typeof contract>;
beforeAll(async () => {
  api = await startApi();
  const document = await api.call("GET", "/openapi.json");
  check = contract((await document.json()) as Document);
});
afterAll(async () => {
  await api?.close();
});

type List = {
  sessions: { sessionId: string }[];
  nextCursor: string | null;
  detail: string;
};

/** Holds the answer against the document. */
async function list(path: string, options: CallOptions) {
  const response = await api.call("GET", path, options);
  expect(await check("GET", path, response)).toEqual([]);
  return { status: response.status, body: (await response.json()) as List };
}

const FOREIGN = {
  status: 400,
  body: {
    code: "bad_request",
    detail: "This cursor is not from this list.",
    retryable: false,
  },
};

test("a list goes on where the cursor says, and a cursor is for one list", async () => {
  const { token, newSession } = await api.person("bea");
  for (let n = 0; n < 3; n++) await newSession();
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `?limit=3${cursor ? `&cursor=${cursor}` : ""}`;
    const { body } = await list("/sessions", { token, query });
    seen.push(...body.sessions.map(({ sessionId }) => sessionId));
    cursor = body.nextCursor;
    if (cursor) {
      const elsewhere = { token, query: `?cursor=${cursor}` };
      expect(await list("/launches", elsewhere)).toMatchObject(FOREIGN);
    }
  } while (cursor);
  expect(seen).toHaveLength(4);
  expect(new Set(seen).size).toBe(4);
});

test("a cursor is for one user", async () => {
  const bob = await api.person("bob");
  await bob.newSession();
  const { body } = await list("/sessions", {
    ...{ token: bob.token, query: "?limit=1" },
  });
  const { token } = await api.person("cid");
  const query = `?cursor=${body.nextCursor}`;
  expect(await list("/sessions", { token, query })).toMatchObject(FOREIGN);
});
