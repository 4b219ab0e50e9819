import { afterEach, describe, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { connect } from "node:net";
import { api, Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const env = { AUTH_JWKS: "", OIDC_DOMAIN: "" };
const kitchen = () => cleanup.backend("kitchen", { env });
const files = api["files"]!;

describe("HTTP actions", () => {
  test("stream their request and their answer at the same time", async () => {
    const { siteUrl } = await kitchen();
    const { port } = new URL(siteUrl);
    // By hand, to see that the first chunk is answered before the second is sent.
    const socket = connect(Number(port), "127.0.0.1");
    cleanup.add(() => socket.destroy());
    let received = "";
    const waiting: { word: string; done: () => void }[] = [];
    socket.on("data", (data) => {
      received += data.toString();
      for (const { word, done } of waiting) if (received.includes(word)) done();
    });
    const hears = (word: string) =>
      new Promise<void>((done) => waiting.push({ word, done }));
    const chunk = (text: string) =>
      socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);

    socket.write(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const first = hears("HELLO");
    chunk("hello");
    await first;
    const second = hears("WORLD");
    chunk("world");
    await second;
    const end = hears("\r\n0\r\n\r\n");
    socket.write("0\r\n\r\n");
    await end;
    expect(received).toContain("x-kind: stream");
  });

  test("are found by prefix, and leave foreign Authorization to the handler", async () => {
    const { siteUrl } = await kitchen();
    const response = await fetch(`${siteUrl}/who/is/it`, {
      headers: { authorization: "Bearer not-a-jwt" },
    });
    expect(await response.json()).toEqual({
      path: "/who/is/it",
      subject: null,
      authorization: "Bearer not-a-jwt",
    });
  });

  test("answer 404 without a route, and 500 with the message when they throw", async () => {
    const { siteUrl } = await kitchen();
    expect((await fetch(`${siteUrl}/nothing`)).status).toBe(404);
    const thrown = await fetch(`${siteUrl}/throw`);
    expect(thrown.status).toBe(500);
    expect(((await thrown.json()) as { trace: string }).trace).toContain(
      "no good",
    );
  });
});

describe("the client origin over HTTP", () => {
  const call = (url: string, path: string, body: unknown, headers = {}) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  test("runs functions for callers without the SDK", async () => {
    const { url } = await cleanup.backend("chat");
    const sent = await call(url, "/api/mutation", {
      path: "messages:send",
      args: { channel: "a", body: "hi" },
      format: "json",
    });
    expect(await sent.json()).toMatchObject({ status: "success" });
    const list = await call(url, "/api/query", {
      path: "messages:list",
      args: { channel: "a" },
    });
    expect(await list.json()).toMatchObject({ value: [{ body: "hi" }] });
    const wrong = await call(url, "/api/query", {
      path: "messages:nope",
      args: {},
    });
    expect(await wrong.json()).toMatchObject({
      status: "error",
      errorMessage: expect.stringContaining("messages:nope") as string,
    });
  });

  test("is healthy, and answers browsers of another origin", async () => {
    const { url } = await cleanup.backend("chat");
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ ok: true });
    const origin = "http://127.0.0.1:3000";
    const asked = await fetch(`${url}/api/query`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-headers": "authorization,convex-client",
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-headers")).toBe(
      "authorization,convex-client",
    );
    const answered = await call(
      url,
      "/api/query",
      { path: "messages:list", args: { channel: "a" } },
      { origin },
    );
    expect(answered.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("file storage", () => {
  test("keeps what actions store and what clients upload, until it is deleted", async () => {
    const backend = await cleanup.backend("kitchen", {
      env,
      data: await cleanup.folder(),
    });
    const http = new ConvexHttpClient(backend.url, { logger: false });
    const id = (await http.action(files["store"]!, {
      text: "stored",
    })) as string;
    expect(await http.action(files["read"]!, { id })).toBe("stored");
    const url = (await http.query(files["url"]!, { id })) as string;
    const served = await fetch(url);
    expect([served.headers.get("content-type"), await served.text()]).toEqual([
      "text/plain;charset=utf-8",
      "stored",
    ]);
    expect(await http.query(files["metadata"]!, { id })).toMatchObject({
      size: 6,
    });

    const uploadUrl = (await http.mutation(files["uploadUrl"]!, {})) as string;
    const uploaded = await fetch(uploadUrl, {
      method: "POST",
      body: "uploaded",
    });
    const { storageId } = (await uploaded.json()) as { storageId: string };
    expect(await http.action(files["read"]!, { id: storageId })).toBe(
      "uploaded",
    );
    const forged = uploadUrl.replace(/token=\d/, "token=9");
    expect((await fetch(forged, { method: "POST", body: "x" })).status).toBe(
      401,
    );

    await http.mutation(files["remove"]!, { id });
    expect(await http.query(files["url"]!, { id })).toBeNull();
    expect((await fetch(url)).status).toBe(404);
  });
});
