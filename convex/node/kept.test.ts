import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { receiveKept } from "./kept";

/** What a sandbox sends is unpacked on our machine: here it is written by an adversary. */

let archive: Uint8Array<ArrayBuffer>;
let digest: string;
const daemon = Bun.serve({
  port: 0,
  fetch: () =>
    new Response(archive, { headers: { "x-slipway-digest": digest } }),
});
afterAll(() => daemon.stop(true));

/** Sends these files, with the digest that is theirs in the order given. */
async function send(paths: string[]) {
  const tar = pack();
  const sum = createHash("sha256");
  const empty = createHash("sha256").digest("hex");
  for (const name of paths) {
    tar.entry({ name }, "");
    sum.update(`${name}\0-\0${empty}\n`, "latin1");
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  archive = new Uint8Array(gzipSync(Buffer.concat(chunks)));
  digest = sum.digest("hex");
  const address = { url: daemon.url.href, previewToken: "p", key: "k" };
  const { signal } = new AbortController();
  return receiveKept(address, { timeoutMs: 20_000, signal }, (_, content) =>
    Promise.resolve(content.files),
  ).catch((error: unknown) => error);
}

test("what comes in order counts", async () => {
  expect(await send(["sessions/a", "sessions/b"])).toBe(2);
});

test.each([
  ["names that would fill our memory", [`sessions/${"a".repeat(1_000_000)}`]],
  ["an order that is not the digest's", ["sessions/b", "sessions/a"]],
  ["a file that comes twice", ["sessions/a", "sessions/a"]],
])("%s are not what a daemon sends", async (_, paths) => {
  expect(await send(paths)).toMatchObject({ code: "damaged" });
});
