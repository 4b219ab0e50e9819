import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { SandboxState } from "@daytonaio/sdk";
import { create, handle, stop } from "../../convex/node/daytona";
import {
  API_KEY,
  eventually,
  PATIENCE_MS,
  startFixture,
} from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

/** The adapter's stop, by the official client, at a provider that does not do as it says. */

let fixture: Fixture;
const before = { ...process.env };
beforeAll(async () => {
  fixture = await startFixture();
  Object.assign(process.env, {
    DAYTONA_API_URL: fixture.server.url,
    DAYTONA_API_KEY: API_KEY,
    SLIPWAY_SNAPSHOT: "bare",
  });
});
afterAll(async () => {
  for (const key of Object.keys(process.env)) {
    if (!(key in before)) delete process.env[key];
  }
  Object.assign(process.env, before);
  await fixture.close();
});

async function looksAt(remoteId: string): Promise<number> {
  const asked = await (await fixture.operator("GET", "/__requests")).json();
  const look = `GET /api/sandbox/${remoteId}`;
  return (asked as string[]).filter((one) => one === look).length;
}

test("what was stopped once, and runs again, is not called stopped unseen", async () => {
  const labels = {
    "slipway-deployment": "stops",
    "slipway-slot": "slot",
    "slipway-generation": "1",
  };
  const made = await create({ name: "again", labels, autoStopMinutes: 15 });
  if (made.kind !== "present") throw new Error(JSON.stringify(made));
  const { remoteId } = made;
  expect(await stop({ remoteId })).toMatchObject({ provider: "stopped" });
  // By another process of the deployment, which has handles of its own.
  const theirs = await fixture.daytona.get(remoteId);
  await theirs.start();
  // A process that the provider's event did not come to knows the old state.
  const mine = await handle(remoteId);
  await eventually(() => mine.state === SandboxState.STARTED, "the event");
  mine.state = SandboxState.STOPPED;
  await fixture.operator("POST", "/__faults", [
    { route: "POST /sandbox/{id}/stop", kind: "no-effect", count: 1 },
    { route: "GET /sandbox/{id}", kind: "error-before", status: 502, count: 1 },
  ]);
  const seen = await looksAt(remoteId);
  const stopping = stop({ remoteId });
  await eventually(
    async () => (await looksAt(remoteId)) > seen + 1,
    "it looks again",
  );
  expect(String((await fixture.daytona.get(remoteId)).state)).toBe("started");
  await theirs.stop();
  expect(await stopping).toMatchObject({ provider: "stopped" });
});
