import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const ROOT = join(import.meta.dir, "../..");

/** What Next does on the server: the official clients, under Node. */
const SCRIPT = `
  import { ConvexClient, ConvexHttpClient } from "convex/browser";
  import { anyApi as api } from "convex/server";
  const url = process.argv[1];
  const http = new ConvexHttpClient(url);
  const client = new ConvexClient(url);
  const two = Promise.withResolvers?.() ?? (() => {
    const out = {};
    out.promise = new Promise((resolve) => (out.resolve = resolve));
    return out;
  })();
  client.onUpdate(api.messages.list, { channel: "n" }, (list) => {
    if (list.length === 2) two.resolve(list.map((message) => message.body));
  });
  await http.mutation(api.messages.send, { channel: "n", body: "by http" });
  await client.mutation(api.messages.send, { channel: "n", body: "by socket" });
  console.log(JSON.stringify(await two.promise));
  await client.close();
`;

test("the official clients work from Node too", async () => {
  const backend = await cleanup.backend("chat");
  const node = Bun.spawn(
    ["node", "--input-type=module", "-e", SCRIPT, backend.url],
    { cwd: ROOT, env: process.env, stdout: "pipe", stderr: "pipe" },
  );
  cleanup.add(() => node.kill());
  const [out, err] = await Promise.all([
    new Response(node.stdout).text(),
    new Response(node.stderr).text(),
  ]);
  expect(err).toBe("");
  expect(JSON.parse(out)).toEqual(["by http", "by socket"]);
}, 15_000);
