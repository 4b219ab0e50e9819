import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Backend, type Grant } from "./backend";
import { LIMITS } from "./limits";
import { PreviewSocket } from "./preview-socket";
import { Preview } from "./previews";
import { Watch } from "./watch";

const watch = new Watch(new Backend("http://127.0.0.1:9", "s", LIMITS), LIMITS);
afterAll(() => watch.close());

const host = {
  kind: "preview",
  label: `p-${"0a".repeat(16)}`,
  origin: `http://p-${"0a".repeat(16)}.localhost:3100`,
} as const;

const acceptOf = (head: string) =>
  createHash("sha1")
    .update(
      `${/sec-websocket-key: (\S+)/i.exec(head)?.[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    )
    .digest("base64");

test("a WebSocket does not outlive a preview that ends while it is being opened", async () => {
  const asked = Promise.withResolvers<() => void>();
  const gone = Promise.withResolvers<void>();
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {}); // it is cut off, which is what is tested
    socket.on("close", () => gone.resolve());
    socket.once("data", (head) =>
      asked.resolve(() => {
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n" +
            `connection: upgrade\r\nsec-websocket-accept: ${acceptOf(String(head))}\r\n\r\n`,
        );
      }),
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
    const opening = PreviewSocket.open(preview, request, url, host, LIMITS);
    const answer = await asked.promise;
    preview.end("idle");
    answer();
    expect(await opening).toBeNull();
    await gone.promise;
  } finally {
    preview.end("idle");
    server.close();
  }
});
