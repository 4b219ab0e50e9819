import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAgentFixture } from "./sandboxd-agent-fixture";
import {
  agentReady,
  childOf,
  configFor,
  eventually,
  install,
  rootWithAgent,
  rootWithoutAgent,
  skillMd,
  skillOf,
  startDaemon,
  testSnapshot,
  turnEnd,
  type Daemon,
} from "./sandboxd-harness";

setDefaultTimeout(120_000);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function agentState(daemon: Daemon) {
  const { body } = await daemon.call("GET", "/health");
  return body.agent as { state: string; reason?: string };
}

describe("the real Hermes", () => {
  test("dies in a turn: agent_lost, then it is back by itself", async () => {
    const fixture = await startAgentFixture();
    cleanups.push(fixture.close);
    const { daemon } = fixture;
    await fixture.useModel("slow");
    const skill = await fixture.place("local/acme/tools/same", "Say it.");
    const { turnId, sessionId } = await fixture.begin(skill, "hi");
    await eventually("the answer has begun", async () => {
      const { body } = await daemon.call("GET", `/turns/${turnId}`);
      return Number(body.next) > 0;
    });

    process.kill(await childOf(daemon.pid), "SIGKILL");
    const events = await turnEnd(daemon, turnId);
    expect(events.at(-2)).toMatchObject({ kind: "error", code: "agent_lost" });
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "failed" });

    await fixture.useModel("demo");
    // Begun while it is still starting: the turn waits for it.
    const next = await fixture.begin(skill, "again", sessionId);
    const after = await turnEnd(daemon, next.turnId);
    expect(after.at(-1)).toMatchObject({ kind: "end", reason: "complete" });
  });

  test("does not believe what was planted in its home, and ends with sandboxd", async () => {
    const snapshot = await testSnapshot();
    const home = await mkdtemp(join(tmpdir(), "slipway-home-"));
    const hermes = join(home, ".hermes");
    await mkdir(hermes);
    const planted = "API_SERVER_KEY=planted-key-planted-key\n";
    await writeFile(join(hermes, ".env"), planted);
    await writeFile(
      join(hermes, "config.yaml"),
      "plugins: {enabled: [evil]}\nmcp_servers: {evil: {command: touch}}\n",
    );
    const root = join(snapshot.path, "root");
    const daemon = await startDaemon(root, { home });
    cleanups.push(daemon.close);
    await daemon.claim();
    await agentReady(daemon);
    expect(await Bun.file(join(hermes, ".env")).text()).not.toContain(
      "planted",
    );
    const config = await Bun.file(join(hermes, "config.yaml")).text();
    expect(config).not.toContain("evil");

    // Killed, sandboxd takes Hermes with it: the next one finds no lock held.
    const hermesPid = await childOf(daemon.pid);
    await daemon.kill();
    await eventually("Hermes is gone too", () =>
      Promise.resolve(!existsSync(`/proc/${hermesPid}`)),
    );
    const next = await startDaemon(root, { home });
    cleanups.push(next.close);
    await next.claim();
    await agentReady(next);
  });
});

describe("an agent that is not as it should be", () => {
  async function folderWith(script: string | null): Promise<string> {
    const root = await (script === null
      ? rootWithoutAgent()
      : rootWithAgent(script));
    cleanups.push(() => rm(root, { recursive: true, force: true }));
    return root;
  }

  async function turnOn(daemon: Daemon) {
    const skill = await skillOf("local/acme/tools/one", {
      "SKILL.md": skillMd("one", "text"),
    });
    const { body } = await install(daemon, skill);
    const turn = {
      turnId: "t1",
      sessionId: "s1",
      text: "hi",
      skill: { name: "one", path: body.path, key: skill.key },
    };
    expect((await daemon.call("POST", "/turns", { body: turn })).status).toBe(
      202,
    );
    return await turnEnd(daemon, "t1");
  }

  const answering = (status: string) => `
    const http = await import("node:http");
    http.createServer((request, response) => {
      const health = request.url === "/health";
      response.writeHead(health ? 200 : ${status}).end("{}");
    }).listen(process.env.API_SERVER_PORT, "127.0.0.1");`;

  test("answers without its key: insecure, ended, and no turn is run", async () => {
    const daemon = await startDaemon(await folderWith(answering("200")));
    cleanups.push(daemon.close);
    await daemon.claim();
    await eventually("it is found out", async () => {
      return (await agentState(daemon)).state === "insecure";
    });
    await eventually("it is ended", async () => !(await childOf(daemon.pid)));
    const events = await turnOn(daemon);
    expect(events[0]).toMatchObject({ code: "agent_unavailable" });
  });

  test("answers late while it starts: waited for, not ended", async () => {
    const script = `
      const http = await import("node:http");
      const asked = new Set();
      http.createServer((request, response) => {
        const first = !asked.has(request.url);
        asked.add(request.url);
        if (first) return; // and says nothing
        response.writeHead(request.url === "/health" ? 200 : 401).end("{}");
      }).listen(process.env.API_SERVER_PORT, "127.0.0.1");`;
    const daemon = await startDaemon(await folderWith(script));
    cleanups.push(daemon.close);
    await daemon.claim();
    await agentReady(daemon);
    expect(daemon.log()).not.toContain("agent ended");
  });

  test("keeps exiting: failed, with its last words, and is tried again", async () => {
    const script = `console.error("no such luck"); process.exit(3);`;
    const daemon = await startDaemon(await folderWith(script));
    cleanups.push(daemon.close);
    await daemon.claim();
    const state = await eventually("it is given up for now", async () => {
      const now = await agentState(daemon);
      return now.state === "failed" && now;
    });
    expect(state.reason).toContain("no such luck");
    const events = await turnOn(daemon);
    // Nobody has to install anything: the turn may be tried again, as it is.
    expect(events[0]).toMatchObject({ code: "agent_lost" });
  });

  test("failed, it is started at once when it is configured anew", async () => {
    const flag = join(tmpdir(), `slipway-flag-${process.pid}-${Date.now()}`);
    cleanups.push(() => rm(flag, { force: true }));
    // With the flag it neither exits nor listens: it is starting for a long time.
    const script = `
      const { existsSync } = await import("node:fs");
      if (!existsSync(${JSON.stringify(flag)})) process.exit(3);
      setInterval(() => {}, 1_000);`;
    const daemon = await startDaemon(await folderWith(script));
    cleanups.push(daemon.close);
    await daemon.claim();
    await eventually("it is given up for now", async () => {
      return (await agentState(daemon)).state === "failed";
    });
    await writeFile(flag, "");
    const config = configFor("http://127.0.0.1:9/v1");
    const body = { writeToken: 1, config };
    expect((await daemon.call("PUT", "/config", { body })).status).toBe(200);
    expect((await agentState(daemon)).state).toBe("starting");
  });

  test("is not there: unavailable with the reason, all else works", async () => {
    const daemon = await startDaemon(await folderWith(null));
    cleanups.push(daemon.close);
    await daemon.claim();
    expect(await agentState(daemon)).toEqual({
      state: "unavailable",
      reason: "Install Python first.",
    });
    const events = await turnOn(daemon);
    expect(events).toMatchObject([
      { n: 0, kind: "error", code: "agent_unavailable" },
      { n: 1, kind: "end", reason: "failed" },
    ]);
  });
});
