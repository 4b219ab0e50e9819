import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "./agent";
import { layoutOf } from "./layout";
import type { SkillStore } from "./skills";
import { Turns } from "./turns";

const home = await mkdtemp(join(tmpdir(), "slipway-turns-"));
afterAll(() => rm(home, { recursive: true, force: true }));

const skill = { name: "one", path: "/skills/one", key: "local/a/b/one" };

/** An agent that is never ready until it is told to stop; the skill is there. */
const agent = {
  state: { state: "starting" },
  ready: (_: number, signal: AbortSignal) =>
    new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(null)),
    ),
} as unknown as Agent;
const skills = {
  at: async () => ({ ...skill, digest: "0".repeat(64) }),
} as unknown as SkillStore;

test("a turn that is handed over again says what it says with the new token", async () => {
  const tokens: (string | null)[] = [];
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const token = request.headers.get("authorization");
      tokens.push(token);
      if (token !== "Bearer new") return new Response(null, { status: 401 });
      const { from, events } = (await request.json()) as {
        from: number;
        events: unknown[];
      };
      return Response.json({ next: from + events.length });
    },
  });
  const url = `http://127.0.0.1:${server.port}/push`;
  const turns = new Turns(layoutOf(home), agent, skills);
  const hand = (token: string) =>
    turns.start({
      ...{ turnId: "t1", sessionId: "s1", text: "Hello", skill },
      push: { url, token },
    });
  const turn = await hand("old");
  turn.log.add({ kind: "text", delta: "words" });
  await until(() => tokens.length > 0);
  expect(await hand("new")).toBe(turn);
  await until(() => tokens.includes("Bearer new"));
  expect(tokens[0]).toBe("Bearer old");
  await turns.close();
});

test("of many ended turns those that ended first are forgotten first", async () => {
  const turns = new Turns(layoutOf(home), agent, skills);
  const start = (turnId: string) =>
    turns.start({
      ...{ turnId, sessionId: turnId, text: "Hello", skill },
      push: null,
    });
  const long = await start("long");
  for (let n = 0; n < 201; n += 1) {
    const turn = await start(`short-${n}`);
    await turn.stop();
    await turn.done;
  }
  await until(() => Date.now() > (turns.get("short-200").endedAt ?? 0));
  await long.stop();
  await long.done;
  expect(turns.get("long")).toBe(long);
  expect(() => turns.get("short-0")).toThrow("No such turn");
  await turns.close();
});

async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error("not in time");
    await Bun.sleep(5);
  }
}
