import { expect, test } from "bun:test";
import { fileUrl, previewUrl, terminalUrl } from "./address";

test("a preview has a name in front of the relay's, here and elsewhere", () => {
  expect(previewUrl("http://localhost:3100", "p-1", "t")).toBe(
    "http://p-1.localhost:3100/?slipway-ticket=t",
  );
  expect(previewUrl("https://relay.example.net", "p-1", "a/b")).toBe(
    "https://p-1.relay.example.net/?slipway-ticket=a%2Fb",
  );
});

test("terminals are sockets of the relay itself, without a ticket in the address", () => {
  expect(terminalUrl("https://relay.example.net")).toBe(
    "wss://relay.example.net/terminal",
  );
  expect(terminalUrl("http://localhost:3100")).toBe(
    "ws://localhost:3100/terminal",
  );
});

test("files come from the relay itself", () => {
  expect(fileUrl("https://relay.example.net", "t")).toBe(
    "https://relay.example.net/files?slipway-ticket=t",
  );
});
