import { expect, test } from "bun:test";
import { unreadableSettings } from "./settings";

const KEY = `k1:${Buffer.alloc(32).toString("base64")}`;

test("what is not set, or can be read, is no trouble", () => {
  expect(unreadableSettings({ SLIPWAY_GIT_HOSTS: "" })).toEqual([]);
  const providers = '[{"id":"a","label":"A","baseUrl":"http://127.0.0.1:1"}]';
  expect(
    unreadableSettings({
      SLIPWAY_MODE: "embedded",
      SLIPWAY_SEAL_KEYS: KEY,
      SLIPWAY_MODEL_PROVIDERS: providers,
      SLIPWAY_MAX_SANDBOXES: "3",
      SLIPWAY_RETENTION_DAYS: '{"events":7}',
    }),
  ).toEqual([]);
});

test.each([
  ["SLIPWAY_SEAL_KEYS", "bad", true],
  ["SLIPWAY_GIT_HOSTS", "[x", true],
  ["SLIPWAY_GIT_HOSTS", '[{"host":""}]', true],
  ["SLIPWAY_MODEL_PROVIDERS", "{bad", true],
  ["SLIPWAY_MAX_SANDBOXES", "many", true],
  ["SLIPWAY_MAX_SANDBOXES_PER_USER", "0", true],
  ["SLIPWAY_RETENTION_DAYS", "7", false],
])("%s=%s is named", (name, value, needed) => {
  const [wrong, ...others] = unreadableSettings({ [name]: value });
  expect(wrong).toMatchObject({ name, needed });
  expect(wrong?.why).toContain(name);
  expect(others).toEqual([]);
});
