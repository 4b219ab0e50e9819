import { expect, test } from "bun:test";
import { createTokenSource } from "./token";

const NOW = 1_800_000_000_000;
const jwt = (expiresInMs: number, name = "t") =>
  `${name}.${btoa(JSON.stringify({ exp: (NOW + expiresInMs) / 1000 }))}.s`;

/** A source whose issuer gives these answers in turn; the last one for ever. */
function sourceOf(...answers: (Response | Error)[]) {
  let asked = 0;
  let now = NOW;
  const troubles: (string | null)[] = [];
  const source = createTokenSource({
    user: "ada",
    onTrouble: (reason) => troubles.push(reason),
    now: () => now,
    wait: () => Promise.resolve(),
    fetch: () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      return answer instanceof Error || answer === undefined
        ? Promise.reject(answer ?? new Error("no answer"))
        : Promise.resolve(answer.clone());
    },
  });
  return {
    source,
    troubles,
    asked: () => asked,
    later: (ms: number) => {
      now += ms;
    },
  };
}

test("a token is fetched once and kept until shortly before it expires", async () => {
  const { source, asked, later } = sourceOf(
    Response.json({ token: jwt(60_000, "one") }),
    Response.json({ token: jwt(120_000, "two") }),
  );
  const unforced = { forceRefreshToken: false };
  expect(await source(unforced)).toStartWith("one");
  expect(await source(unforced)).toStartWith("one");
  expect(asked()).toBe(1);
  later(45_000);
  expect(await source(unforced)).toStartWith("two");
  expect(await source({ forceRefreshToken: true })).toStartWith("two");
  expect(asked()).toBe(3);
});

test("many who ask at once share one request", async () => {
  const { source, asked } = sourceOf(Response.json({ token: jwt(60_000) }));
  const tokens = await Promise.all(
    Array.from({ length: 5 }, () => source({ forceRefreshToken: true })),
  );
  expect(new Set(tokens).size).toBe(1);
  expect(asked()).toBe(1);
});

test("an issuer that is away is asked again, then told of; it never rejects", async () => {
  const { source, asked, troubles } = sourceOf(new Error("refused"));
  expect(await source({ forceRefreshToken: false })).toBeNull();
  expect(asked()).toBe(4);
  expect(troubles).toEqual(["The local sign-in did not answer (refused)."]);
});

test("a refusal is final and told in the server's words", async () => {
  const { source, asked, troubles } = sourceOf(
    Response.json({ detail: "Ask from this machine." }, { status: 403 }),
  );
  expect(await source({ forceRefreshToken: false })).toBeNull();
  expect(asked()).toBe(1);
  expect(troubles).toEqual(["Ask from this machine."]);
});

test("a refresh that fails signs nobody out while the old token holds", async () => {
  const { source, troubles, later } = sourceOf(
    Response.json({ token: jwt(60_000, "old") }),
    new Error("refused"),
  );
  await source({ forceRefreshToken: false });
  expect(await source({ forceRefreshToken: true })).toStartWith("old");
  expect(troubles).toEqual([null]);
  later(61_000);
  expect(await source({ forceRefreshToken: true })).toBeNull();
});
