import { expect, test } from "bun:test";
import { isApp, mayPass, whoIsAsked, type Hosts } from "./hosts";

const hosts: Hosts = {
  own: new URL("https://relay.example.net"),
  apps: ["https://slipway.example.com"],
};
const LABEL = `p-${"0a".repeat(16)}`;

test("exactly one name is the relay's, and one form below it a preview's", () => {
  expect(whoIsAsked("relay.example.net", hosts)).toEqual({ kind: "relay" });
  expect(whoIsAsked("RELAY.example.net", hosts)).toEqual({ kind: "relay" });
  expect(whoIsAsked(`${LABEL}.relay.example.net`, hosts)).toEqual({
    kind: "preview",
    label: LABEL,
    origin: `https://${LABEL}.relay.example.net`,
  });
});

test.each([
  [null],
  [""],
  ["example.net"],
  ["relay.example.net."],
  ["relay.example.net:8080"],
  ["relay.example.net.evil.example"],
  ["evil-relay.example.net"],
  ["p-1.relay.example.net"],
  [`${LABEL}.evil.example`],
  [`x.${LABEL}.relay.example.net`],
  [`${LABEL}.relay.example.net:8080`],
  ["127.0.0.1"],
])("%p is a stranger's name", (host) => {
  expect(whoIsAsked(host, hosts)).toEqual({ kind: "stranger" });
});

test("on a port of its own, the port is part of the name", () => {
  const local = { ...hosts, own: new URL("http://localhost:3100") };
  expect(whoIsAsked("localhost:3100", local).kind).toBe("relay");
  expect(whoIsAsked("localhost", local).kind).toBe("stranger");
  expect(whoIsAsked(`${LABEL}.localhost:3100`, local).kind).toBe("preview");
});

test("Slipway's pages are known by their exact origin", () => {
  expect(isApp("https://slipway.example.com", hosts)).toBe(true);
  for (const origin of [
    null,
    "null",
    "https://slipway.example.com.evil.example",
    "http://slipway.example.com",
    "https://slipway.example.com:8443",
  ]) {
    expect(isApp(origin, hosts)).toBe(false);
  }
});

test("a client that is no browser, and says nothing of itself, passes with its cookie", () => {
  const own = "https://p.relay.example.net";
  expect(mayPass(new Request(own), own)).toBe(true);
  const post = new Request(own, {
    method: "POST",
    headers: { origin: "null" },
  });
  expect(mayPass(post, own)).toBe(false);
});
