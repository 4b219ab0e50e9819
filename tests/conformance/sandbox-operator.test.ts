import {
  afterAll,
  afterEach,
  beforeAll,
  expect,
  test,
  setDefaultTimeout,
} from "bun:test";
import { request as rawRequest } from "node:http";
import {
  PATIENCE_MS,
  API_KEY,
  eventually,
  failure,
  startFixture,
} from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

let fixture: Fixture;
beforeAll(async () => {
  // A minute of auto-stop lasts 300 ms here.
  fixture = await startFixture({ minuteMs: 300 });
});
afterEach(() => faults([]));
afterAll(() => fixture.close());

async function faults(list: object[]) {
  const response = await fetch(`${fixture.origin}/__faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(list),
  });
  expect(response.status).toBe(200);
}

async function names(): Promise<string[]> {
  const response = await fetch(`${fixture.origin}/__sandboxes`);
  const all = (await response.json()) as { name: string }[];
  return all.map(({ name }) => name).sort();
}

test("error-before: no effect; error-after: the effect without the answer", async () => {
  const { daytona } = fixture;
  await faults([
    { route: "POST /sandbox", kind: "error-before", count: 1 },
    { route: "POST /sandbox", kind: "error-after", count: 1, status: 502 },
  ]);
  const before = await failure(daytona.create({ name: "fault" }));
  expect(before.statusCode).toBe(500);
  expect(await names()).toEqual([]);
  const after = await failure(daytona.create({ name: "fault" }));
  expect(after.statusCode).toBe(502);
  // Made all the same: to be found by its name.
  const found = await daytona.get("fault");
  expect(found.state).toBe("started");
  // The count is used up.
  await daytona.create({ name: "fine" });
  await fixture.server.reset();
});

test("latency delays, placeholders match any id, other routes are left alone", async () => {
  const sandbox = await fixture.daytona.create({ autoStopInterval: 0 });
  await faults([
    { route: "GET /sandbox/{id}", kind: "latency", count: 1, ms: 250 },
  ]);
  const left = async () =>
    (await (await fetch(`${fixture.origin}/__faults`)).json()) as unknown[];
  await sandbox.setLabels({});
  expect(await left()).toHaveLength(1);
  const from = performance.now();
  await sandbox.refreshData();
  expect(performance.now() - from).toBeGreaterThan(240);
  expect(await left()).toEqual([]);
  await sandbox.refreshData();
  await sandbox.delete();
});

test("hang: no answer and no effect, until the client gives up", async () => {
  await faults([{ route: "POST /sandbox", kind: "hang", count: 1 }]);
  const { daytona } = fixture;
  const error = await failure(
    daytona.create({ name: "hung" }, { timeout: 0.3 }),
  );
  expect(error.name).toBe("DaytonaTimeoutError");
  expect(await names()).toEqual([]);
});

test("toolbox and preview routes can fail too", async () => {
  const sandbox = await fixture.daytona.create({ autoStopInterval: 0 });
  await faults([
    { route: "POST /toolbox/{id}/process/execute", kind: "error-before" },
    { route: "* /preview/{id}/{port}/*", kind: "error-before", status: 503 },
  ]);
  expect(
    (await failure(sandbox.process.executeCommand("true"))).statusCode,
  ).toBe(500);
  const { url, token } = await sandbox.getPreviewLink(1);
  const answer = await fetch(`${url}/x/y`, {
    headers: { "x-daytona-preview-token": token },
  });
  expect(answer.status).toBe(503);
  await sandbox.delete();
});

test("a fault that makes no sense is a 400 that says why", async () => {
  const response = await fetch(`${fixture.origin}/__faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ route: "POST /sandbox", kind: "meteor" }]),
  });
  expect(response.status).toBe(400);
  expect(((await response.json()) as { message: string }).message).toContain(
    "latency",
  );
});

test("the operator's routes refuse whatever a page or a proxy could send", async () => {
  const { host } = new URL(fixture.origin);
  const ask = (headers: Record<string, string>, method = "POST") =>
    new Promise<number>((resolve, reject) => {
      const [hostname, port] = host.split(":");
      const request = rawRequest(
        { hostname, port, path: "/__faults", method, headers },
        (response) => resolve(response.resume().statusCode ?? 0),
      );
      request.once("error", reject);
      request.end(method === "POST" ? "[]" : undefined);
    });
  const type = { "content-type": "application/json" };
  expect(await ask(type)).toBe(200);
  expect(await ask({ ...type, host: "evil.test" })).toBe(403);
  expect(await ask({ ...type, host: `localhost:${host.split(":")[1]}` })).toBe(
    403,
  );
  expect(await ask({ ...type, origin: "https://evil.test" })).toBe(403);
  expect(await ask({ ...type, origin: fixture.origin })).toBe(403);
  expect(await ask({ ...type, "sec-fetch-site": "same-site" })).toBe(403);
  expect(await ask({ ...type, "x-forwarded-for": "127.0.0.1" })).toBe(403);
  expect(await ask({ "content-type": "text/plain" })).toBe(403);
  expect(await ask({}, "DELETE")).toBe(200);
});

test("idle ones stop by themselves; toolbox traffic keeps them up", async () => {
  const { daytona } = fixture;
  const [idle, used, never] = await Promise.all([
    daytona.create({ name: "idle", autoStopInterval: 1 }),
    daytona.create({ name: "used", autoStopInterval: 1 }),
    daytona.create({ name: "never", autoStopInterval: 0 }),
  ]);
  // One call that outlasts the interval: in use until it is answered.
  const call = used.process.executeCommand("sleep 0.8");
  await eventually(async () => {
    await idle.refreshData();
    return idle.state === "stopped";
  }, "the idle one stops");
  expect((await call).exitCode).toBe(0);
  await used.refreshData();
  expect(used.state).toBe("started");
  await eventually(async () => {
    await used.refreshData();
    return used.state === "stopped";
  }, "then it stops too");
  await never.refreshData();
  expect(never.state).toBe("started");
  await fixture.server.reset();
});

test("an ephemeral one is deleted at its stop", async () => {
  const sandbox = await fixture.daytona.create({
    ephemeral: true,
    autoStopInterval: 9,
  });
  await sandbox.stop();
  expect(sandbox.state).toBe("destroyed");
  expect((await failure(fixture.daytona.get(sandbox.id))).statusCode).toBe(404);
});

test("state changes are told over socket.io as they happen", async () => {
  const heard: unknown[][] = [];
  const socket = new WebSocket(
    `${fixture.server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`,
  );
  socket.onmessage = ({ data }) => {
    const text = String(data);
    if (text.startsWith("0"))
      socket.send(`40${JSON.stringify({ token: API_KEY })}`);
    if (text.startsWith("42")) heard.push(JSON.parse(text.slice(2)));
  };
  const joined = new Promise<void>((resolve) =>
    socket.addEventListener("message", ({ data }) => {
      if (String(data).startsWith("40")) resolve();
    }),
  );
  await joined;
  const sandbox = await fixture.daytona.create({ autoStopInterval: 0 });
  await sandbox.delete();
  await eventually(() => heard.length === 4, "four events");
  expect(
    heard.map(([name, body]) => [
      name,
      (body as { newState?: string }).newState,
    ]),
  ).toEqual([
    ["sandbox.created", undefined],
    ["sandbox.state.updated", "started"],
    ["sandbox.state.updated", "destroying"],
    ["sandbox.state.updated", "destroyed"],
  ]);
  socket.close();
});

test("health says how it isolates and what it limits, without a key", async () => {
  const response = await fetch(`${fixture.origin}/health`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    ok: true,
    isolation: { ok: true, how: expect.stringContaining("bubblewrap") },
    limits: { processes: 1024 },
    heldBy: { tmpMiB: "tmpfs", memoryMiB: expect.any(String) },
  });
});
