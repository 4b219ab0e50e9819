/**
 * The whole way a launch goes, at the wire: the official SDK makes a sandbox
 * from the snapshot, sandboxd takes its key, config and skill, and the agent
 * answers through the egress proxy, pushing its events the same way back.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import {
  createModelServer,
  type ModelServer,
} from "../../emulators/model/server";
import type { TurnEvent } from "../../sandboxd/events";
import { startFixture, type Fixture } from "./sandbox-support";
import {
  configFor,
  eventually,
  skillMd,
  skillOf,
  testSnapshot,
  textOf,
} from "./sandboxd-harness";

setDefaultTimeout(120_000);

let model: ModelServer;
let site: ReturnType<typeof serveSite>;
let fixture: Fixture;
let snapshot: string;

beforeAll(async () => {
  const built = await testSnapshot();
  if (!built.agent.ok) throw new Error(built.agent.reason);
  snapshot = built.name;
  model = await createModelServer({ paceMs: 1 });
  site = serveSite();
  fixture = await startFixture({
    snapshots: dirname(built.path),
    egress: { "slipway.internal": site.url },
  });
});

afterAll(async () => {
  await fixture?.close();
  await site?.close();
  await model?.close();
});

/** What the backend's site is to a sandbox: the model gateway, the events. */
function serveSite() {
  const events: TurnEvent[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/gateway/")) {
        const target = `${model.url}${pathname.slice("/gateway".length)}`;
        return await fetch(target, {
          method: request.method,
          headers: { "content-type": "application/json" },
          body: await request.text(),
        });
      }
      if (request.headers.get("authorization") !== "Bearer push-token") {
        return new Response(null, { status: 410 });
      }
      const batch = (await request.json()) as {
        from: number;
        events: TurnEvent[];
      };
      if (batch.from !== events.length) {
        return Response.json({ next: events.length }, { status: 409 });
      }
      events.push(...batch.events);
      return Response.json({ next: events.length });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    events,
    close: () => server.stop(true),
  };
}

type DaemonAnswer = {
  agent: { state: string };
  config: { writeToken: number };
  skills: unknown;
  events: unknown;
  path: string;
};

async function reach(sandbox: Sandbox) {
  const { url, token } = await sandbox.getPreviewLink(4500);
  const key = randomBytes(24).toString("hex");
  const call = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(url.replace(/\/$/, "") + path, {
      method,
      ...init,
      headers: {
        "x-daytona-preview-token": token ?? "",
        authorization: `Bearer ${key}`,
        ...(init.headers as Record<string, string>),
      },
    });
    const body = (await response.json()) as DaemonAnswer;
    return { status: response.status, body };
  };
  const claim = Buffer.from(JSON.stringify({ key, generation: 1 }));
  const upload = () =>
    sandbox.fs.uploadFile(claim, "/home/daytona/.slipway/claim.json");
  return { call, upload };
}

test("a sandbox from the snapshot answers with the skill it was given", async () => {
  const marks: [string, number][] = [];
  const startedAt = performance.now();
  const mark = (what: string) =>
    marks.push([what, Math.round(performance.now() - startedAt)]);

  const sandbox = await fixture.daytona.create({ snapshot, name: "whole-way" });
  mark("created");
  const { call, upload } = await reach(sandbox);
  await eventually("sandboxd listens, unclaimed", async () => {
    const { status } = await call("GET", "/health");
    return status === 503;
  });
  mark("sandboxd");
  await upload();
  expect((await call("GET", "/health")).status).toBe(200);
  const stranger = { headers: { authorization: "Bearer wrong" } };
  expect((await call("GET", "/health", stranger)).status).toBe(401);

  const config = configFor("http://slipway.internal/gateway/v1");
  const put = JSON.stringify({ writeToken: 1, config });
  expect((await call("PUT", "/config", { body: put })).status).toBe(200);
  const sentinel = `sentinel-${randomBytes(6).toString("hex")}`;
  const skill = await skillOf("local/acme/tools/pdf", {
    "SKILL.md": skillMd("pdf", `Say ${sentinel}.`),
  });
  const installed = await call("POST", "/skills", {
    body: new Uint8Array(skill.archive),
    headers: {
      "x-skill-key": encodeURIComponent(skill.key),
      "x-skill-sha": skill.sha,
      "x-skill-digest": skill.digest,
    },
  });
  expect(installed).toMatchObject({
    status: 200,
    body: { digest: skill.digest, alreadyPresent: false },
  });
  mark("installed");

  const turnId = "turn1";
  const turn = {
    turnId,
    sessionId: "session1",
    text: "hello",
    skill: { name: "pdf", path: installed.body.path, key: skill.key },
    push: { url: "http://slipway.internal/turns/push", token: "push-token" },
  };
  const begun = await call("POST", "/turns", { body: JSON.stringify(turn) });
  expect(begun.status).toBe(202);
  await eventually("the agent is ready", async () => {
    return (await call("GET", "/health")).body.agent.state === "ready";
  });
  mark("agent ready");
  await eventually("a first event is pushed", async () => site.events.length);
  mark("first event pushed");
  await eventually("the end is pushed", async () => {
    return site.events.at(-1)?.kind === "end";
  });
  mark("turn ended");
  console.error(marks.map(([what, ms]) => `${what} ${ms} ms`).join(", "));

  expect(site.events.at(-1)).toMatchObject({ reason: "complete" });
  expect(textOf(site.events)).toContain(sentinel);
  expect(site.events.map(({ n }) => n)).toEqual(site.events.map((_, n) => n));
  const pulled = await call("GET", `/turns/${turnId}?from=0`);
  expect(pulled.body.events).toEqual(site.events);

  await sandbox.stop();
  await sandbox.start();
  const again = await reach(sandbox);
  await eventually("sandboxd is back and wants its new key", async () => {
    return (await again.call("GET", "/health")).status === 503;
  });
  await again.upload();
  const { body } = await again.call("GET", "/health");
  expect(body.skills).toEqual([
    { key: skill.key, sha: skill.sha, digest: skill.digest },
  ]);
  expect(body.config.writeToken).toBe(1);
  expect(await again.call("GET", `/turns/${turnId}`)).toMatchObject({
    status: 404,
    body: { code: "unknown_turn" },
  });
  await sandbox.delete();
});
