import { expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  createModelServer,
  type ModelServer,
} from "../../emulators/model/server";
import {
  agentReady,
  configFor,
  install,
  skillMd,
  skillOf,
  startDaemon,
  testSnapshot,
  type Answer,
  type Daemon,
} from "./sandboxd-harness";

export type PlacedSkill = { key: string; path: string };

/** sandboxd with the real Hermes and the demo model, ready for turns. */
export type AgentFixture = {
  daemon: Daemon;
  model: ModelServer;
  /** Root folder of the snapshot it runs from. */
  root: string;
  useModel: (
    name: string,
    how?: { url?: string; key?: string; maxTurns?: number },
  ) => Promise<void>;
  /** Installs a skill named "same-name" whose SKILL.md holds `text`. */
  place: (key: string, text: string) => Promise<PlacedSkill>;
  begin: (
    skill: PlacedSkill,
    text: string,
    sessionId?: string,
  ) => Promise<{ turnId: string; sessionId: string; answer: Answer }>;
  close: () => Promise<void>;
};

export const newId = () => randomBytes(8).toString("hex");

export async function startAgentFixture(): Promise<AgentFixture> {
  const snapshot = await testSnapshot();
  if (!snapshot.agent.ok) throw new Error(snapshot.agent.reason);
  const root = join(snapshot.path, "root");
  const model = await createModelServer({ paceMs: 1 });
  const daemon = await startDaemon(root);
  await daemon.claim();
  await agentReady(daemon);
  let writeToken = 0;

  const useModel: AgentFixture["useModel"] = async (name, how = {}) => {
    const { url = model.url, key, maxTurns = 8 } = how;
    const config = { ...configFor(`${url}/v1`, name, key), maxTurns };
    const body = { writeToken: ++writeToken, config };
    expect((await daemon.call("PUT", "/config", { body })).status).toBe(200);
  };
  const place: AgentFixture["place"] = async (key, text) => {
    const skill = await skillOf(key, {
      "SKILL.md": skillMd("same-name", text),
      "scripts/hello.sh": "echo hello\n",
    });
    const answer = await install(daemon, skill, {
      "x-install-id": skill.digest, // which makes it one that can be removed
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { digest: skill.digest },
    });
    return { key, path: String(answer.body.path) };
  };
  const begin: AgentFixture["begin"] = async (
    { key, path },
    text,
    sessionId = newId(),
  ) => {
    const turnId = newId();
    const skill = { name: "same-name", path, key };
    const body = { turnId, sessionId, text, skill };
    const answer = await daemon.call("POST", "/turns", { body });
    return { turnId, sessionId, answer };
  };
  const close = async () => {
    await daemon.close();
    await model.close();
  };
  return { daemon, model, root, useModel, place, begin, close };
}
