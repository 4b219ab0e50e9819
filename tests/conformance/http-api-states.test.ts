import { afterAll, beforeAll, expect, test } from "bun:test";
import { failure } from "../../convex/model/errors";
import type { SlotState } from "../../convex/model/slot";
import type { Person } from "./chat-harness";
import {
  contract,
  startApi,
  type Api,
  type Document,
} from "./http-api-harness";

/** What a command comes to in states that it is not meant for. */

let api: Api;
let check: ReturnType<typeof contract>;
let ada: Person;

beforeAll(async () => {
  api = await startApi();
  const response = await api.call("GET", "/openapi.json");
  check = contract((await response.json()) as Document);
  ada = await api.person("ada");
});
afterAll(async () => {
  await api?.close();
});

type Problem = { code?: string; next?: string; retryable?: boolean };

/** As documented, of a sandbox in this state. */
async function command(state: SlotState, what: string): Promise<Problem> {
  const { token, slotId } = ada;
  await api.chat.tx((ctx) => ctx.db.patch("slots", slotId, { state }));
  const path = `/sandboxes/{slotId}/${what}`;
  const response = await api.call("POST", path, { token, params: { slotId } });
  expect(await check("POST", path, response)).toEqual([]);
  return (await response.json()) as Problem;
}

const at = { since: Date.now() };
const creating: SlotState = { status: "creating", ...at, step: "create" };
const lost = failure("sandbox_lost", "It is gone.");

test.each([
  [creating, "stop", "sandbox_busy", true],
  [{ status: "empty" }, "stop", "no_sandbox", false],
  [{ status: "failed", ...at, error: lost }, "start", "no_sandbox", false],
  [{ status: "empty" }, "replace", "no_sandbox", false],
  [{ status: "running", ...at }, "replace/resume", "not_replacing", false],
  [{ status: "running", ...at }, "replace/cancel", "not_replacing", false],
] as [SlotState, string, string, boolean][])(
  "%j: %s is refused with %s, and nobody is told to do what is no way on",
  async (state, what, code, retryable) => {
    const problem = await command(state, what);
    expect(problem).toMatchObject({ code, retryable });
    expect(problem.next).not.toContain("Start the sandbox");
  },
);

test("files are given up only by who says so", async () => {
  const halted: SlotState = {
    ...{ status: "replacing", since: Date.now(), stageSince: Date.now() },
    ...{ stage: "restore", step: "restore" },
    error: failure("restore_mismatch", "They differ."),
  };
  const refused = await command(halted, "replace/cancel");
  expect(refused).toMatchObject({ code: "would_lose_files", retryable: false });
  const { slotId } = ada;
  const answer = await command(halted, "replace/without-files");
  expect(answer).toEqual({ slotId } as Problem);
});
