/** How a turn ends that is cut short, or whose agent is not what it was. */
import { afterEach, describe, expect, test } from "bun:test";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Agent, AgentState } from "../../sandboxd/agent";
import type { HermesAddress } from "../../sandboxd/hermes-api";
import { Places } from "../../sandboxd/places";
import { Turn } from "../../sandboxd/turn";
import { eventually } from "./sandboxd-harness";

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** An agent whose API answers like that, and who doubted it. */
async function agentThat(answers: Answering) {
  const server = createServer(answers).listen(0, "127.0.0.1");
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await eventually("it listens", () => Promise.resolve(server.address()));
  const { port } = server.address() as AddressInfo;
  const address: HermesAddress = { port, key: "key" };
  const doubts: HermesAddress[] = [];
  const agent = {
    state: { state: "ready", version: "1" },
    ready: () => Promise.resolve(address),
    doubt: async (doubted: HermesAddress) => void doubts.push(doubted),
  } as unknown as Agent;
  return { agent, address, doubts };
}

const INPUT = { turnId: "t1", sessionId: "s1", text: "hi", system: "" };
const LIMITS = { turnMs: 60_000, silenceMs: 60_000, graceMs: 60_000 };

function turnOn(agent: Agent, limits: Partial<typeof LIMITS> = {}): Turn {
  return new Turn(INPUT, agent, new Places(1), { ...LIMITS, ...limits });
}

const eventsOf = (turn: Turn) => turn.log.read(0, Infinity);
const isInterrupt = ({ url }: IncomingMessage) =>
  url === "/slipway/sessions/s1/interrupt";
const says = (text: string) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`;

/** Says `text`; interrupted, it comes to rest when `rest` is called, if ever. */
async function talker(text: string) {
  let stream: ServerResponse | null = null;
  let interrupts = 0;
  const made = await agentThat((request, response) => {
    if (isInterrupt(request)) {
      interrupts += 1;
      response.end("{}");
      return;
    }
    stream = response.writeHead(200, { "content-type": "text/event-stream" });
    stream.write(says(text));
  });
  const interrupted = () =>
    eventually("it is interrupted", () => Promise.resolve(interrupts === 1));
  const rest = () => stream?.end("data: [DONE]\n\n");
  return { ...made, interrupted, rest, gone: () => stream?.closed };
}

describe("cut short, a turn ends when the agent rests:", () => {
  const long = "x".repeat(5 * 1024 * 1024);
  const cases = [
    ["at its limit", "word", { turnMs: 300 }, /30 minutes/],
    ["with more output than is kept", long, {}, /4 MiB/],
  ] as const;
  for (const [when, text, limits, why] of cases) {
    test(when, async () => {
      const { agent, interrupted, rest } = await talker(text);
      const turn = turnOn(agent, limits);
      await interrupted();
      await Bun.sleep(100);
      expect(turn.state).toBe("running");
      expect(eventsOf(turn).map(({ kind }) => kind)).toEqual(["text"]);
      rest();
      await turn.done;
      expect(eventsOf(turn).slice(1)).toMatchObject([
        {
          kind: "error",
          code: "internal",
          message: expect.stringMatching(why),
        },
        { kind: "end", reason: "failed" },
      ]);
    });
  }

  test("or when that takes too long, and then it is hung up on", async () => {
    const { agent, interrupted, gone } = await talker("word");
    const turn = turnOn(agent, { turnMs: 300, graceMs: 200 });
    await interrupted();
    await turn.done;
    expect(eventsOf(turn).at(-1)).toMatchObject({ reason: "failed" });
    await eventually("it is alone", () => Promise.resolve(gone()));
  });

  test("for the first of two reasons", async () => {
    const { agent, interrupted, rest } = await talker("word");
    const turn = turnOn(agent, { turnMs: 1_000 });
    await eventually("it talks", () => Promise.resolve(turn.log.next > 0));
    void turn.stop();
    await interrupted();
    await Bun.sleep(1_100); // the second reason has come
    rest();
    await turn.done;
    expect(eventsOf(turn).slice(1)).toMatchObject([
      { kind: "end", reason: "stopped" },
    ]);
  });
});

describe("an agent is doubted when it falls silent", () => {
  const silences: [string, Answering][] = [
    ["before its answer", () => undefined],
    ["within it", (_, response) => response.writeHead(200).write(says("word"))],
  ];
  for (const [when, answers] of silences) {
    test(when, async () => {
      const { agent, address, doubts } = await agentThat(answers);
      const turn = turnOn(agent, { silenceMs: 300 });
      await turn.done;
      expect(eventsOf(turn).at(-2)).toMatchObject({ code: "agent_lost" });
      expect(doubts).toEqual([address]);
    });
  }

  test("to the one who stops it", async () => {
    const { agent, address, doubts } = await agentThat((request, response) => {
      if (!isInterrupt(request)) response.writeHead(200).write(says("word"));
    });
    const turn = turnOn(agent);
    await eventually("it talks", () => Promise.resolve(turn.log.next > 0));
    await turn.stop();
    expect(eventsOf(turn).at(-1)).toMatchObject({ reason: "stopped" });
    expect(doubts).toEqual([address]);
  });

  test("and not when it hangs up or refuses", async () => {
    for (const answers of [
      ((_, response) => response.destroy()) satisfies Answering,
      ((_, response) => response.writeHead(500).end()) satisfies Answering,
    ] as Answering[]) {
      const { agent, doubts } = await agentThat(answers);
      await turnOn(agent).done;
      expect(doubts).toEqual([]);
    }
  });
});

describe("without an agent a turn says whether it may be tried again:", () => {
  const states: [AgentState, string][] = [
    [{ state: "starting" }, "agent_lost"],
    [{ state: "failed", reason: "No luck." }, "agent_lost"],
    [{ state: "unavailable", reason: "No Python." }, "agent_unavailable"],
    [{ state: "insecure", reason: "No lock." }, "agent_unavailable"],
  ];
  for (const [state, code] of states) {
    test(`${state.state}: ${code}`, async () => {
      const ready = () => Promise.resolve(null);
      const turn = turnOn({ state, ready } as unknown as Agent);
      await turn.done;
      const [error] = eventsOf(turn);
      expect(error).toMatchObject({ kind: "error", code });
      if ("reason" in state) {
        expect(error).toMatchObject({
          message: expect.stringContaining(state.reason),
        });
      }
    });
  }
});
