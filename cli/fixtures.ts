import { afterAll, beforeAll, beforeEach } from "bun:test";
import { join } from "node:path";

/** A Slipway that answers from a list, and remembers what it was asked. */
type Asked = {
  method: string;
  path: string;
  query: string;
  token: string;
  key: string;
  body: string;
  /** By performance.now(). */
  at: number;
};
export const asked: Asked[] = [];
type Answer = () => Response | Promise<Response>;
export const answers: Record<string, Answer[]> = {};
let server: Bun.Server<undefined>;

/** For each file of tests: hooks are of the file that sets them. */
export function answersInTests(): void {
  beforeAll(() => {
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        const { method, headers } = request;
        asked.push({
          ...{ method, path: pathname, query: search },
          token: headers.get("authorization") ?? "",
          key: headers.get("idempotency-key") ?? "",
          body: await request.text(),
          at: performance.now(),
        });
        const next = answers[`${method} ${pathname}`];
        const answer = next && next.length > 1 ? next.shift() : next?.[0];
        return answer?.() ?? new Response("no such page", { status: 404 });
      },
    });
  });
  beforeEach(() => {
    asked.length = 0;
    for (const route of Object.keys(answers)) delete answers[route];
  });
  afterAll(async () => {
    await server.stop(true);
  });
}

export const origin = () => `http://127.0.0.1:${server.port}`;

export async function slipway(
  args: string[],
  env: Record<string, string> = {},
) {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "main.ts"), ...args],
    {
      env: {
        PATH: process.env.PATH,
        SLIPWAY_URL: env.SLIPWAY_URL ?? origin(),
        SLIPWAY_TOKEN: "slp_test",
        ...env,
      },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

/** What is asked is not answered by Slipway, but by a proxy that misses it. */
export const missed: Answer = () => new Response("", { status: 502 });
export const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });
export const events =
  (...list: [string, unknown][]) =>
  () =>
    new Response(
      list
        .map(
          ([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}`,
        )
        .join("\n\n: beat\n\n") + "\n\n",
      { headers: { "content-type": "text/event-stream" } },
    );

export const LAUNCH = {
  ...{ launchId: "l1", sessionId: "s1", path: "cold", link: "/a/b/c" },
  ...{ state: "creating", createdAt: 1_000, endedAt: null as number | null },
  steps: [{ name: "queue", startedAt: 1_000, endedAt: 1_100 }] as object[],
};
export const READY = {
  ...LAUNCH,
  state: "ready",
  endedAt: 5_200,
  steps: [
    ...LAUNCH.steps,
    { name: "create", startedAt: 1_100, endedAt: 5_200, outcome: "done" },
  ],
};
export const taken = json(
  {
    launchId: "l1",
    sessionId: "s1",
    joined: false,
    url: "http://x/sessions/s1",
  },
  202,
);
