import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import {
  createModelServer,
  type ModelServer,
} from "../../emulators/model/server";

let model: ModelServer;
beforeAll(async () => {
  model = await createModelServer({ key: "sk-right", paceMs: 0 });
});
afterAll(() => model.close());

function chat(body: object, key = "sk-right", signal?: AbortSignal) {
  return fetch(`${model.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: "demo",
      messages: [{ role: "user", content: "hello" }],
      ...body,
    }),
    ...(signal && { signal }),
  });
}

type Chunk = {
  choices: { delta: { content?: string }; finish_reason: string | null }[];
  usage?: { total_tokens: number };
};

function chunksIn(text: string): Chunk[] {
  return text
    .split("\n\n")
    .filter((part) => part.startsWith("data: {"))
    .map((part) => JSON.parse(part.slice("data: ".length)) as Chunk);
}

test("streams an answer with its usage and an end mark", async () => {
  const text = await (await chat({ stream: true })).text();
  expect(text).toEndWith("data: [DONE]\n\n");
  const chunks = chunksIn(text);
  const words = chunks.flatMap(
    ({ choices }) => choices[0]?.delta.content ?? [],
  );
  expect(words.join("")).toContain("You said: “hello”");
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  expect(chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0);
});

test("gives the same answer whole", async () => {
  const answer = (await (await chat({})).json()) as {
    choices: { message: { content: string } }[];
    usage: { total_tokens: number };
  };
  expect(answer.choices[0]?.message.content).toContain("hello");
  expect(answer.usage.total_tokens).toBeGreaterThan(0);
});

test("refuses a wrong key as OpenAI does", async () => {
  const refused = await chat({}, "sk-wrong");
  expect(refused.status).toBe(401);
  const { error } = (await refused.json()) as { error: { code: string } };
  expect(error.code).toBe("invalid_api_key");
  expect((await fetch(`${model.url}/v1/models`)).status).toBe(401);
});

for (const [name, status] of [
  ["fail-401", 401],
  ["fail-402", 402],
  ["fail-429", 429],
  ["fail-context", 400],
  ["fail-500", 500],
] as const) {
  test(`${name} answers ${status}`, async () => {
    expect((await chat({ model: name, stream: true })).status).toBe(status);
  });
}

test("cut breaks off without an end mark", async () => {
  const reader = (await chat({ model: "cut", stream: true })).body!.getReader();
  let text = "";
  const readAll = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += new TextDecoder().decode(value);
    }
  };
  const broken = await readAll().then(
    () => false,
    () => true,
  );
  expect(broken).toBe(true);
  expect(text).not.toContain("[DONE]");
});

test("what is no chat is 400, an unknown route 404", async () => {
  expect((await chat({ messages: "no" })).status).toBe(400);
  const headers = { authorization: "Bearer sk-right" };
  expect((await fetch(`${model.url}/v1/x`, { headers })).status).toBe(404);
});

test("runs as its own process and ends on SIGTERM", async () => {
  const main = join(import.meta.dir, "../../emulators/model/main.ts");
  const child = Bun.spawn([process.execPath, main, "--port", "0"], {
    env: process.env,
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const line = JSON.parse(new TextDecoder().decode(value)) as {
    ready: boolean;
    url: string;
  };
  expect(line.ready).toBe(true);
  expect((await fetch(`${line.url}/v1/models`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});
