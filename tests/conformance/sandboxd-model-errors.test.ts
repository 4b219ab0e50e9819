import {
  afterAll,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { createModelServer } from "../../emulators/model/server";
import { startAgentFixture, type AgentFixture } from "./sandboxd-agent-fixture";
import { turnEnd, type Daemon } from "./sandboxd-harness";

setDefaultTimeout(120_000);

let fixture: AgentFixture;
let daemon: Daemon;
let { place, begin, useModel } = {} as AgentFixture;

beforeAll(async () => {
  fixture = await startAgentFixture();
  ({ daemon, place, begin, useModel } = fixture);
});
afterAll(() => fixture?.close());

describe("a model that fails gives a coded error", () => {
  for (const [name, code] of [
    ["fail-401", "model_refused_key"],
    ["fail-402", "model_credit"],
    ["fail-429", "model_rate_limited"],
    ["fail-context", "model_context"],
    ["fail-500", "model_failed"],
    ["cut", "model_failed"],
  ] as const) {
    test(`${name} -> ${code}`, async () => {
      await useModel(name);
      const skill = await place("local/acme/tools/same", "Say it.");
      const { turnId } = await begin(skill, "hi");
      const events = await turnEnd(daemon, turnId, 60_000);
      expect(events.at(-2)).toMatchObject({ kind: "error", code });
      expect(events.at(-1)).toMatchObject({ kind: "end", reason: "failed" });
    });
  }

  test("a wrong provider key -> model_refused_key", async () => {
    const guarded = await createModelServer({ key: "sk-right", paceMs: 1 });
    try {
      await useModel("demo", { url: guarded.url, key: "sk-wrong" });
      const skill = await place("local/acme/tools/same", "Say it.");
      const { turnId } = await begin(skill, "hi");
      const events = await turnEnd(daemon, turnId, 60_000);
      expect(events.at(-2)).toMatchObject({ code: "model_refused_key" });
      await useModel("demo", { url: guarded.url, key: "sk-right" });
      const again = await begin(skill, "hi");
      expect((await turnEnd(daemon, again.turnId)).at(-1)).toMatchObject({
        reason: "complete",
      });
    } finally {
      await guarded.close();
    }
  });
});
