import { afterEach, expect, test } from "bun:test";
import { readHealth } from "./health";

/** A backend that answers the one query that is asked of it. */
const told = {
  ...{ ok: true, mode: "cloud", deploymentId: "d1", missing: [] as string[] },
  ...{ removed: [], unreadable: [] as string[] },
  sweep: { at: 1, listed: 10, orphansHealed: 2, halted: null as string | null },
};

const servers: { stop(force: boolean): unknown }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.stop(true)));

async function healthOf(value: object) {
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: () => Response.json({ status: "success", value, logLines: [] }),
  });
  servers.push(server);
  const { ok, checks } = await readHealth({
    CONVEX_URL: `http://127.0.0.1:${server.port}`,
  });
  return { ok, backend: checks["backend"] };
}

const REASON =
  "4 of 10 sandboxes match no record; more than 3 are not deleted by themselves.";

test("a sweeper that halted is told to the operator, and takes nothing down", async () => {
  const sweep = { ...told.sweep, halted: REASON };
  const { ok, backend } = await healthOf({ ...told, sweep });
  expect({ ok, backend: backend?.ok }).toEqual({ ok: true, backend: true });
  expect(backend?.message).toContain(REASON);
  expect(backend?.message).toContain("docs/operate.md");
});

test("beside what the environment lacks both are told", async () => {
  const sweep = { ...told.sweep, halted: REASON };
  const { ok, backend } = await healthOf({
    ...{ ...told, sweep, ok: false, missing: ["DAYTONA_API_KEY"] },
  });
  expect(ok).toBe(false);
  expect(backend?.message).toContain("lacks DAYTONA_API_KEY.");
  expect(backend?.message).toContain(REASON);
});

test("while all is well there is no message", async () => {
  const { backend } = await healthOf(told);
  expect(backend?.ok).toBe(true);
  expect(backend && "message" in backend).toBe(false);
});

test("a setting that cannot be read is named, not its value", async () => {
  const { ok, checks } = await readHealth({
    CONVEX_URL: "https://happy-otter-123.convex.cloud",
    SLIPWAY_RELAY_URL: "relay.example.net",
  });
  expect(ok).toBe(false);
  expect(checks["environment"]?.message).toContain("SLIPWAY_RELAY_URL");
  expect(JSON.stringify(checks)).not.toContain("relay.example.net");
});
