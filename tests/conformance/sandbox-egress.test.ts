import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import type { Sandbox } from "@daytonaio/sdk";
import { PATIENCE_MS, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

let fixture: Fixture;
let sandbox: Sandbox;
let site: { port: number; stop(): void };
const seen: { method: string; path: string; headers: Headers; body: string }[] =
  [];
let release = () => {};

beforeAll(async () => {
  const server = Bun.serve({
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const body = await request.text();
      seen.push({
        method: request.method,
        path: url.pathname + url.search,
        headers: request.headers,
        body,
      });
      if (url.pathname !== "/events") return new Response(`you said ${body}`);
      return new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue("data: first\n\n");
            await new Promise<void>((resolve) => (release = resolve));
            controller.enqueue("data: second\n\n");
            controller.close();
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      );
    },
  });
  site = { port: server.port ?? 0, stop: () => void server.stop(true) };
  fixture = await startFixture({
    egress: { "slipway.internal": `http://127.0.0.1:${site.port}` },
  });
  sandbox = await fixture.daytona.create();
});
afterAll(async () => {
  site.stop();
  await fixture.close();
});

const run = async (command: string) =>
  (await sandbox.process.executeCommand(command)).result;

test("an allowed name is reached, and told who asks", async () => {
  const said = await run(
    "curl -sS -H 'x-forwarded-for: 127.0.0.1' -H 'x-slipway-sandbox: forged' -d hello 'http://slipway.internal/turns/push?x=1'",
  );
  expect(said).toBe("you said hello");
  const request = seen.at(-1);
  expect(request).toMatchObject({
    method: "POST",
    path: "/turns/push?x=1",
    body: "hello",
  });
  // Never the loopback name: routes for local people must not mistake it.
  expect(request?.headers.get("host")).toBe("slipway.internal");
  expect(request?.headers.get("x-slipway-sandbox")).toBe(sandbox.id);
  expect(request?.headers.get("x-forwarded-for")).toBeNull();
});

test("Python and a large body pass too", async () => {
  const said = await run(
    `python3 -c "import urllib.request as u; print(len(u.urlopen('http://slipway.internal/big', data=b'x' * 3000000).read()))"`,
  );
  expect(said).toBe("3000009\n");
});

test("an event stream arrives as it is sent", async () => {
  await run(
    "curl -sSN http://slipway.internal/events > stream 2>&1 & until grep -q first stream 2>/dev/null; do sleep 0.02; done",
  );
  expect(await run("cat stream")).toBe("data: first\n\n");
  release();
  await run("until grep -q second stream; do sleep 0.02; done");
});

test("everything else is refused, with the reason", async () => {
  const targets = [
    "http://127.0.0.1/",
    "http://localhost/",
    `http://127.0.0.1:${site.port}/`,
    "http://[::1]/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://example.com/",
    "http://slipway.internal:22/",
    "http://slipway.internal.evil.test/",
    "http://user@example.com/",
  ];
  const before = seen.length;
  for (const target of targets) {
    const said = await run(
      `curl -sS -g --noproxy '' -m 5 -w '%{http_code}' '${target}' 2>&1`,
    );
    expect(`${target} ${said}`).toContain("Sandboxes may not reach");
    expect(said).toEndWith("403");
  }
  expect(seen.length).toBe(before);
});

test("CONNECT makes no tunnel to a plain upstream or to a stranger", async () => {
  for (const target of [
    "slipway.internal:80",
    `127.0.0.1:${site.port}`,
    "example.com:443",
  ]) {
    const said = await run(
      `curl -sS --noproxy '' -p -m 5 http://${target}/ 2>&1`,
    );
    expect(said).toContain("403");
  }
});

test("a second request on the connection does not reach the upstream", async () => {
  const before = seen.length;
  await run(
    `printf 'GET http://slipway.internal/one HTTP/1.1\\r\\nHost: slipway.internal\\r\\n\\r\\nGET /smuggled HTTP/1.1\\r\\nHost: 127.0.0.1:${site.port}\\r\\n\\r\\n' | timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/3128; cat >&3; cat <&3' || true`,
  );
  expect(seen.slice(before).map(({ path }) => path)).toEqual(["/one"]);
});

test("a sandbox with its network blocked reaches nothing", async () => {
  const blocked = await fixture.daytona.create({ networkBlockAll: true });
  const { result } = await blocked.process.executeCommand(
    "curl -sS http://slipway.internal/ 2>&1",
  );
  expect(result).toContain("Names allowed here: none");
  await blocked.delete();
});
