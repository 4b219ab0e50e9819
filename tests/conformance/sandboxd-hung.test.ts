/** An agent that lives and does not answer. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "../../sandboxd/agent";
import { HermesHome } from "../../sandboxd/hermes-home";
import { layoutOf } from "../../sandboxd/layout";
import { newId, startAgentFixture } from "./sandboxd-agent-fixture";
import {
  agentReady,
  childOf,
  eventually,
  lives,
  rootWithAgent,
  turnEnd,
  writtenIn,
} from "./sandboxd-harness";

setDefaultTimeout(120_000);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The letter of the process's state: `T` is stopped. Source: proc(5). */
async function stateOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")")).split(" ")[1];
}

test("Hermes hangs in a command: it is started again, and the command ends", async () => {
  const fixture = await startAgentFixture();
  cleanups.push(fixture.close);
  const { daemon } = fixture;
  await fixture.useModel("demo");
  const skill = await fixture.place("local/acme/tools/same", "Say it.");
  const first = await fixture.begin(skill, "hi");
  await turnEnd(daemon, first.turnId);
  const { sessionId } = first;
  const file = join(daemon.home, "sessions", sessionId, "pid");
  // Silent, so that no broken pipe ends it.
  const run = await fixture.begin(
    skill,
    "run: echo $$ > pid; sleep 600",
    sessionId,
  );
  const command = await writtenIn(file);
  expect(await lives(command)).toBe(true);
  const hung = await childOf(daemon.pid);
  process.kill(hung, "SIGSTOP");
  await daemon.call("POST", `/turns/${run.turnId}/stop`);
  const events = await turnEnd(daemon, run.turnId);
  expect(events.at(-1)).toMatchObject({ kind: "end", reason: "stopped" });

  await eventually(
    "it is started again",
    async () => ![hung, 0].includes(await childOf(daemon.pid)),
    40_000,
  );
  await agentReady(daemon);
  expect(await lives(command)).toBe(false);
  const next = await fixture.begin(skill, "again", sessionId);
  expect((await turnEnd(daemon, next.turnId)).at(-1)).toMatchObject({
    reason: "complete",
  });
});

/** One that says its process id, and hangs when that is asked of it. */
const ABLE_TO_HANG = `
  const http = await import("node:http");
  http.createServer((request, response) => {
    if (request.url === "/hang") return process.kill(process.pid, "SIGSTOP");
    const health = request.url === "/health";
    const body = JSON.stringify({ version: process.pid });
    response.writeHead(health ? 200 : 401).end(body);
  }).listen(process.env.API_SERVER_PORT, "127.0.0.1");`;

test("doubted, an agent that answers goes on, and one that does not is started again", async () => {
  const home = await mkdtemp(join(tmpdir(), "slipway-agent-"));
  const folder = await rootWithAgent(ABLE_TO_HANG);
  const layout = layoutOf(home);
  const hermes = new HermesHome(layout, {
    config: () => null,
    skills: () => Promise.resolve([]),
  });
  const agent = new Agent(layout, hermes, folder);
  const supervised = agent.supervise();
  cleanups.push(async () => {
    await agent.close();
    await supervised;
    for (const path of [home, folder]) await rm(path, { recursive: true });
  });
  const ready = async () => {
    const address = await agent.ready(20_000, new AbortController().signal);
    if (address && agent.state.state === "ready") {
      return { address, version: agent.state.version };
    }
    throw new Error("not ready in time");
  };
  const first = await ready();
  await agent.doubt(first.address);
  expect(await ready()).toEqual(first);

  const { port } = first.address;
  const hanging = fetch(`http://127.0.0.1:${port}/hang`).catch(() => newId());
  await eventually("it hangs", async () => {
    return (await stateOf(Number(first.version))) === "T";
  });
  // Many turns may wait for the same agent.
  const doubts = [1, 2, 3].map(() => agent.doubt(first.address));
  await Promise.all(doubts);
  await hanging;
  await eventually("it is another", async () => {
    return (
      agent.state.state === "ready" && (await ready()).version !== first.version
    );
  });
  // A turn of the old one doubts late: that is not the new one's affair.
  const second = await ready();
  await agent.doubt(first.address);
  expect(await ready()).toEqual(second);
});
