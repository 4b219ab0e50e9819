import { describe, expect, spyOn, test } from "bun:test";
import { ConvexError } from "convex/values";
import { z } from "zod";
import { failure } from "@convex/model/errors";
import { credentialOf } from "./backend";
import { readBody } from "./body";
import { EnvironmentError, parseEnvironment } from "./environment";
import { messageText } from "./message-text";
import { originOf } from "./origin";
import { ApiError, problem } from "./problem";
import { toProblem } from "./route";
import { steadyFetch } from "./steady-fetch";

const post = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Request("http://127.0.0.1:3000/api/v1/launches", {
    method: "POST",
    body,
    headers,
  });

describe("environment", () => {
  test("embedded addresses do not exist in cloud mode, even when set", () => {
    const env = {
      CONVEX_URL: "https://happy-otter-123.convex.cloud",
      SLIPWAY_IDENTITY_URL: "http://127.0.0.1:4000",
      SLIPWAY_SANDBOX_URL: "http://127.0.0.1:4001",
    };
    expect(parseEnvironment(env)).toMatchObject({
      mode: "cloud",
      identityUrl: null,
      sandboxUrl: null,
    });
    expect(
      parseEnvironment({ ...env, SLIPWAY_MODE: "embedded" }),
    ).toMatchObject({ identityUrl: "http://127.0.0.1:4000" });
  });

  test("what is wrong is named", () => {
    expect(() => parseEnvironment({})).toThrow(EnvironmentError);
    expect(() => parseEnvironment({ CONVEX_URL: "nonsense" })).toThrow(
      "CONVEX_URL",
    );
  });
});

describe("problem documents", () => {
  test("carry status, code, way on and retryability", async () => {
    const response = problem(failure("repo_unreachable", "No route."), {
      more: 1,
    });
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe(
      "application/problem+json",
    );
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({
      type: "urn:slipway:problem:repo_unreachable",
      title: "Repo unreachable",
      status: 503,
      detail: "No route.",
      code: "repo_unreachable",
      next: expect.stringContaining("SLIPWAY_SKILLS_DIR"),
      retryable: true,
      more: 1,
    });
  });

  test("say when to come back, where the failure knows", () => {
    const known = { ...failure("sandbox_busy", "Soon."), retryAfterMs: 1_200 };
    expect(problem(known).headers.get("retry-after")).toBe("2");
    const unknown = failure("sandbox_busy", "Some time.");
    expect(problem(unknown).headers.get("retry-after")).toBeNull();
  });

  test("a function's coded failure keeps its own words", async () => {
    const data = failure("too_many_launches", "Six are under way.");
    const response = toProblem(new ConvexError(data), post("{}"));
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({
      code: "too_many_launches",
      detail: "Six are under way.",
    });
  });

  test("anything else is logged without its query, and told as internal only", async () => {
    const log = spyOn(console, "error").mockImplementation(() => {});
    try {
      const request = new Request("http://x/api/v1/skills?link=private");
      const response = toProblem(new Error("secret detail"), request);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain("secret detail");
      // Parts that other tests run may say something meanwhile.
      const said = log.mock.calls.map(([first]) => first as unknown);
      expect(said).toContain("GET /api/v1/skills");
      expect(said.join()).not.toContain("private");
    } finally {
      log.mockRestore();
    }
  });
});

describe("bodies", () => {
  const schema = z.object({ skill: z.string() });

  test("unknown fields are tolerated", async () => {
    const body = await readBody(post('{"skill":"a","new":1}'), schema, 100);
    expect(body).toEqual({ skill: "a" });
  });

  test.each([
    ["{", "not JSON"],
    ["[]", "body"],
    ['{"skill":7}', "skill"],
  ])("%s is refused, saying %s", async (text, said) => {
    await expect(readBody(post(text), schema, 100)).rejects.toThrow(said);
  });

  test("too much is refused before it is read, whatever its length claims", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(64).fill(32));
      },
    });
    const error: unknown = await readBody(post(endless), schema, 200).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as ApiError).failure.code).toBe("message_too_long");
    expect(pulled).toBeLessThan(10);
  });
});

describe("steady fetch", () => {
  const answers = (...list: (number | Error)[]) => {
    const asked: string[] = [];
    const fetchOnce = async (input: string) => {
      asked.push(input);
      const next = list[Math.min(asked.length, list.length) - 1];
      if (next instanceof Error) throw next;
      return new Response(null, { status: next });
    };
    return { asked, fetchOnce };
  };
  const call = ({ fetchOnce }: ReturnType<typeof answers>) =>
    steadyFetch("http://b/api/query", {}, { fetchOnce, waits: [0, 0, 0] });

  test("overload and a backend that is restarting are waited out", async () => {
    const given = answers(503, new TypeError("refused"), 429, 200);
    expect((await call(given)).status).toBe(200);
    expect(given.asked).toHaveLength(4);
  });

  test("a function's own failure is passed on at once", async () => {
    const given = answers(560);
    expect((await call(given)).status).toBe(560);
    expect(given.asked).toHaveLength(1);
  });

  test.each([
    [[401], "not_signed_in", 1],
    [[503], "provider_busy", 4],
    [[new TypeError("refused")], "provider_busy", 4],
  ] as [(number | Error)[], string, number][])(
    "%p ends as %s after %i tries",
    async (list, code, tries) => {
      const given = answers(...list);
      const error: unknown = await call(given).catch((e: unknown) => e);
      expect((error as ApiError).failure.code).toBe(code);
      expect(given.asked).toHaveLength(tries);
    },
  );
});

test.each([
  [{ host: "127.0.0.1:3000" }, "http://127.0.0.1:3000"],
  [
    {
      host: "inside",
      "x-forwarded-host": "a.example",
      "x-forwarded-proto": "https",
    },
    "https://a.example",
  ],
] as [Record<string, string>, string][])(
  "the origin of %p is %s",
  (headers, origin) => {
    expect(originOf(new Headers(headers))).toBe(origin);
  },
);

test.each([
  ["Bearer abc.def-_~", "abc.def-_~"],
  ["bearer  x", "x"],
])("the token of %s", (authorization, token) => {
  expect(credentialOf(post("", { authorization })).token).toBe(token);
});

test.each(["", "Basic abc", "Bearer a b"])(
  "no token in '%s'",
  (authorization) => {
    expect(() => credentialOf(post("", { authorization }))).toThrow(ApiError);
  },
);

test("a message's text is what was said, without tools and thoughts", () => {
  const parts = [
    { body: { kind: "reasoning", text: "hm" } },
    { body: { kind: "text", text: "Hello " } },
    { body: { kind: "tool" } },
    { body: { kind: "text", text: "there" } },
  ];
  expect(messageText({ role: "assistant", text: "", parts })).toBe(
    "Hello there",
  );
  expect(messageText({ role: "user", text: "Hi", parts: [] })).toBe("Hi");
});
