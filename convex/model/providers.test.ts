import { describe, expect, test } from "bun:test";
import {
  effectiveModel,
  parseProviders,
  type Provider,
  type Providers,
} from "./providers";

const demo = {
  id: "demo",
  label: "Demo model (scripted)",
  baseUrl: "http://127.0.0.1:4010/v1/",
  keyless: true,
  defaultModel: "demo",
};
const router = {
  id: "openrouter",
  label: "OpenRouter",
  baseUrl: "https://openrouter.ai/api/v1",
  defaultModel: "some/model",
};
const parse = (list: unknown, mode: "embedded" | "cloud" = "embedded") =>
  parseProviders(JSON.stringify(list), mode);
const listOf = (parsed: Providers): Provider[] => {
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.providers;
};

describe("the allow-list", () => {
  test("origins are kept exactly, with defaults for the rest", () => {
    const [first, second] = listOf(parse([demo, router]));
    expect(first?.baseUrl).toBe("http://127.0.0.1:4010/v1");
    expect(second).toEqual({
      ...router,
      keyless: false,
      contextLength: 131_072,
      checkPath: "/models",
    });
  });

  test.each([
    ["http beyond loopback", { ...router, baseUrl: "http://10.0.0.1/v1" }],
    ["a user in the URL", { ...router, baseUrl: "https://a:b@x.dev/v1" }],
    ["a query", { ...router, baseUrl: "https://x.dev/v1?k=1" }],
    ["another scheme", { ...router, baseUrl: "file:///etc/passwd" }],
    ["a word we do not know", { ...router, keyles: true }],
  ])("%s is refused, with the way on", (_, item) => {
    const parsed = parse([item]);
    expect(parsed).toMatchObject({ ok: false });
    expect(!parsed.ok && parsed.error.next).toContain(
      "SLIPWAY_MODEL_PROVIDERS",
    );
  });

  test("loopback http is for embedded mode only", () => {
    expect(parse([demo], "embedded").ok).toBe(true);
    expect(parse([demo], "cloud").ok).toBe(false);
  });

  test("two of one id, and what is no JSON, are refused; nothing is empty", () => {
    expect(parse([router, router]).ok).toBe(false);
    expect(parseProviders("[", "cloud").ok).toBe(false);
    expect(listOf(parseProviders(undefined, "cloud"))).toEqual([]);
  });
});

describe("the model that answers", () => {
  const list = parse([router, demo]);
  const none = () => false;

  test("without a choice: the first that needs no key", () => {
    expect(effectiveModel(list, null, none)).toMatchObject({
      ok: true,
      provider: { id: "demo" },
      model: "demo",
    });
  });

  test("without a choice and none keyless: model_not_set", () => {
    expect(effectiveModel(parse([router]), null, none)).toMatchObject({
      ok: false,
      problem: { code: "model_not_set" },
    });
  });

  test("a choice whose key is gone is said, not replaced", () => {
    const choice = { providerId: "openrouter", model: "m" };
    expect(effectiveModel(list, choice, none)).toMatchObject({
      ok: false,
      problem: { code: "model_not_set" },
    });
    expect(
      effectiveModel(list, choice, (id) => id === "openrouter"),
    ).toMatchObject({ ok: true, model: "m" });
  });

  test("a provider the operator took away: model_not_allowed", () => {
    const choice = { providerId: "gone", model: "m" };
    expect(effectiveModel(list, choice, none)).toMatchObject({
      ok: false,
      problem: { code: "model_not_allowed" },
    });
  });
});
