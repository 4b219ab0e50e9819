import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { api } from "@convex/_generated/api";
import { backendAs } from "./backend";

/** A deployment that does what it is asked, and whose answer is lost the first time. */
let tries: string[] = [];
const deployment = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    tries.push(new URL(request.url).pathname);
    return tries.length === 1
      ? new Response("Bad gateway", { status: 502 })
      : Response.json({ status: "success", value: null });
  },
});

const before = process.env.CONVEX_URL;
beforeAll(() => {
  process.env.CONVEX_URL = `http://127.0.0.1:${deployment.port}`;
});
beforeEach(() => {
  tries = [];
});
afterAll(async () => {
  if (before === undefined) delete process.env.CONVEX_URL;
  else process.env.CONVEX_URL = before;
  await deployment.stop(true);
});

const once = { route: "DELETE /x", key: "k", bodyHash: "h" };
const sessionId = "s";

test.each([
  [{ kind: "personal", token: "slp_x" }],
  [{ kind: "issuer", token: "a.b.c" }],
] as const)(
  "as %p a command is asked for again only where twice is once",
  async (credential) => {
    const backend = backendAs(credential);
    const removed = backend.mutation(api.sessions.remove, { sessionId });
    await expect(removed).rejects.toMatchObject({
      failure: { code: "provider_busy" },
    });
    expect(tries).toEqual(["/api/mutation"]);

    tries = [];
    await backend.mutation(api.sessions.remove, { sessionId, once });
    expect(tries).toHaveLength(2);

    tries = [];
    const said = { sessionId, text: "Hi", clientId: "c" };
    await backend.mutation(api.sessions.send, said);
    expect(tries).toHaveLength(2);

    tries = [];
    await backend.query(api.users.me, {});
    expect(tries).toEqual(["/api/query", "/api/query"]);
  },
);
