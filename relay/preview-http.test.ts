import { afterAll, expect, test } from "bun:test";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Backend, type Grant } from "./backend";
import { LIMITS } from "./limits";
import { passOn } from "./preview-http";
import { Preview } from "./previews";
import { Watch } from "./watch";

const watch = new Watch(new Backend("http://127.0.0.1:9", "s", LIMITS), LIMITS);
afterAll(() => watch.close());

const host = {
  kind: "preview",
  label: `p-${"0a".repeat(16)}`,
  origin: `http://p-${"0a".repeat(16)}.localhost:3100`,
} as const;

test("an answer that no browser can be given is not left open", async () => {
  let closed: () => void;
  const gone = new Promise<void>((resolve) => (closed = resolve));
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {}); // it is cut off, which is what is tested
    socket.on("close", () => closed());
    socket.once("data", () =>
      socket.write("HTTP/1.1 999 No\r\ncontent-length: 100000\r\n\r\nhello"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const grant: Grant = {
    claim: { userId: "u", slotId: "s", generation: 1, revision: 1 },
    purpose: { kind: "port", port: 3000 },
    target: { url: `http://127.0.0.1:${port}`, token: "t" },
    label: host.label,
  };
  const preview = new Preview(grant, watch, LIMITS, () => {});
  try {
    const url = new URL(`${host.origin}/`);
    const request = new Request(url);
    const answer = await passOn(preview, request, url, host, LIMITS, () => {});
    expect(answer.status).toBe(502);
    await gone;
  } finally {
    preview.end("idle");
    server.close();
  }
});

test("an answer nobody reads ends with its preview", async () => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      new Response(
        new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1)) }),
      ),
  });
  const grant: Grant = {
    claim: { userId: "u", slotId: "s", generation: 1, revision: 1 },
    purpose: { kind: "port", port: 3000 },
    target: { url: server.url.origin, token: "t" },
    label: host.label,
  };
  const preview = new Preview(grant, watch, LIMITS, () => {});
  const cut = Promise.withResolvers<void>();
  try {
    const url = new URL(`${host.origin}/`);
    const request = new Request(url);
    const answer = await passOn(preview, request, url, host, LIMITS, () =>
      cut.resolve(),
    );
    const reader = answer.body!.getReader();
    await reader.read();
    preview.end("idle");
    // Not asked for more: it has to be told.
    const ended = await reader.closed.then(() => "ended", String);
    expect(ended).toBe("An answer broke off: idle");
    await cut.promise;
  } finally {
    preview.end("idle");
    await server.stop(true);
  }
});
