import { afterEach, describe, expect, test } from "bun:test";
import { Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const env = { AUTH_JWKS: "", OIDC_DOMAIN: "", KITCHEN_OWN: "mine" };
const kitchen = (seed?: string) =>
  cleanup.backend("kitchen", { env, ...(seed ? { seed } : {}) });

describe("inside queries and mutations", () => {
  type Sample = { times: number[]; numbers: number[]; uuid: string };

  test("time stands still and randomness follows from the seed", async () => {
    const sample = async (seed: string) => {
      const backend = await kitchen(seed);
      return (await backend.run("runtime:sample")) as Sample;
    };
    const [one, again, other] = [
      await sample("a"),
      await sample("a"),
      await sample("b"),
    ];
    expect(new Set(one.times).size).toBe(1);
    expect(one.numbers[0]).not.toBe(one.numbers[1]);
    expect(again.numbers).toEqual(one.numbers);
    expect(again.uuid).toBe(one.uuid);
    expect(other.numbers).not.toEqual(one.numbers);
  });

  test.each([
    ["runtime:useFetch", "fetch()"],
    ["runtime:useTimer", "setTimeout()"],
    ["runtime:signSomething", "crypto.subtle.generateKey"],
  ])("%s is refused by name", async (fn, what) => {
    const backend = await kitchen();
    await expect(backend.run(fn)).rejects.toThrow(`Can't use ${what} in`);
  });

  test("outside of functions, and in actions, the process is untouched", async () => {
    const backend = await kitchen();
    const text = await backend.run("runtime:fetchInAction", {
      url: `${backend.url}/health`,
    });
    expect(text).toBe('{"ok":true}');
    expect(Math.random()).not.toBe(Math.random());
    expect(new Date()).toBeInstanceOf(Date);
  });
});

describe("functions", () => {
  test("see the deployment's environment and their own URLs", async () => {
    const backend = await kitchen();
    expect(await backend.run("runtime:environment")).toEqual({
      cloud: backend.url,
      site: backend.siteUrl,
      own: "mine",
    });
  });

  test.each([
    ["runtime:search", "Full text search"],
    ["runtime:component", "rateLimiter"],
    ["runtime:commitTs", "db.vars.commitTs"],
    ["runtime:limited", "transactionLimits"],
    ["runtime:wrongIndex", "notes.by_nothing not found"],
    ["runtime:badReturn", "ReturnsValidationError"],
  ])("%s fails by name", async (fn, words) => {
    const backend = await kitchen();
    await expect(backend.run(fn)).rejects.toThrow(words);
  });

  test("a mutation whose result is not valid changes nothing", async () => {
    const backend = await kitchen();
    await expect(backend.run("runtime:badReturn")).rejects.toThrow();
    const notes = await backend.transaction((ctx) =>
      ctx.db.query("notes").collect(),
    );
    expect(notes).toEqual([]);
  });
});
