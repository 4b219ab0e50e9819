import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { addressOf } from "./address";

const MARK = "a-mark-of-this-process";
let before: string | undefined;
beforeEach(() => {
  before = process.env["SLIPWAY_DIRECT_MARK"];
  process.env["SLIPWAY_DIRECT_MARK"] = MARK;
});
afterEach(() => {
  if (before === undefined) delete process.env["SLIPWAY_DIRECT_MARK"];
  else process.env["SLIPWAY_DIRECT_MARK"] = before;
});

const from = (headers: Record<string, string>, proxies = 0) =>
  addressOf(new Request("http://x/api/v1/me", { headers }), proxies);
const socket = (ip: string) => ({ "x-slipway-address": `${MARK} ${ip}` });

describe("without a proxy", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8::1", "2001:db8::1"],
    ["undefined", null],
  ])("it is the socket's: %s", (ip, address) => {
    expect(from(socket(ip))).toBe(address);
    const lies = { "x-forwarded-for": "198.51.100.9", "x-real-ip": "1.2.3.4" };
    expect(from({ ...socket(ip), ...lies })).toBe(address);
  });

  test.each([
    ...["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "10.1.2.3"],
    ...["172.16.0.1", "172.31.255.1", "192.168.1.1", "169.254.1.1"],
    ...["fd00::1", "fe80::1"],
  ])("%s is the operator's own, and counted for nothing", (ip) => {
    expect(from(socket(ip))).toBeNull();
  });

  test("nobody but the web server can name one", () => {
    expect(from({})).toBeNull();
    expect(from({ "x-slipway-address": "203.0.113.7" })).toBeNull();
    expect(from({ "x-slipway-address": "guess 203.0.113.7" })).toBeNull();
    delete process.env["SLIPWAY_DIRECT_MARK"];
    expect(from({ "x-slipway-address": "undefined 203.0.113.7" })).toBeNull();
    expect(from({ "x-slipway-address": " 203.0.113.7" })).toBeNull();
  });
});

describe("behind proxies", () => {
  test.each([
    [1, "203.0.113.7", "203.0.113.7"],
    [1, "198.51.100.9, 203.0.113.7", "203.0.113.7"],
    [2, "198.51.100.9, 203.0.113.7, 10.0.0.2", "203.0.113.7"],
    [1, "203.0.113.7:4711", "203.0.113.7"],
    [1, "[2001:db8::1]:4711", "2001:db8::1"],
    [1, "10.0.0.5", "10.0.0.5"],
    [1, "nonsense", null],
    [2, "203.0.113.7", null],
    [1, "", null],
  ])("%d: of %p it is %p", (proxies, told, address) => {
    const headers = { ...socket("10.0.0.1"), "x-forwarded-for": told };
    expect(from(headers, proxies)).toBe(address);
  });
});
