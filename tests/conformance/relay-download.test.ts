import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { PATIENCE_MS } from "./sandbox-support";
import { startGround, type Ground, type Owner } from "./relay-harness";

/** Files out of a sandbox. */

setDefaultTimeout(PATIENCE_MS);

let ground: Ground;
let ada: Owner;
beforeAll(async () => {
  ground = await startGround();
  ada = await ground.person("ada");
});
afterAll(() => ground?.close());

test("a file comes whole, to the disk and not as a page", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(2_000_000));
  await ada.sandbox.fs.uploadFile(Buffer.from(bytes), "out/ré sum.html");
  const get = async (path: string) => {
    const ticket = await ada.ticket({ kind: "file", path });
    const { port } = new URL(ground.relay.url);
    return fetch(`http://127.0.0.1:${port}/files?slipway-ticket=${ticket}`, {
      headers: { host: `localhost:${port}` },
    });
  };
  const answer = await get("out/ré sum.html");
  expect(answer.headers.get("content-disposition")).toBe(
    `attachment; filename="r__sum.html"; filename*=UTF-8''r%C3%A9%20sum.html`,
  );
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  const back = Buffer.from(await answer.arrayBuffer());
  expect(Buffer.compare(back, bytes)).toBe(0);
  expect((await get("out/none")).status).toBe(404);
  for (const path of ["/etc/passwd", "../x", "a/../../x", "", "a\nb"]) {
    await expect(get(path)).rejects.toMatchObject({
      data: { code: "bad_request" },
    });
  }
});

test("a download may rest for longer than a stranger may, and goes on", async () => {
  const size = 48 << 20;
  await ada.sandbox.process.executeCommand(
    `head -c ${size} /dev/zero > large.bin`,
  );
  const { url: own } = ground.another({ idle: 1_000 });
  const { port } = new URL(own);
  const ticket = await ada.ticket({ kind: "file", path: "large.bin" });
  const url = `http://127.0.0.1:${port}/files?slipway-ticket=${ticket}`;
  const answer = await fetch(url, { headers: { host: `localhost:${port}` } });
  expect(answer.status).toBe(200);
  const reader = answer.body!.getReader();
  let read = (await reader.read()).value?.length ?? 0;
  // As long as it takes until a stranger's connection, opened later, is shut.
  const stranger = connect(Number(port), "127.0.0.1");
  await once(stranger.resume(), "close");
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    read += value.length;
  }
  expect(read).toBe(size);
}, 60_000);
