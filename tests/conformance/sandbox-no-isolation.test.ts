import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_KEY, client, failure } from "./sandbox-support";

const MAIN = join(import.meta.dir, "../../emulators/sandbox/main.ts");

let data: string;
let server: Bun.Subprocess<"ignore", "pipe", "inherit">;
let url: string;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "sandbox-walled-"));
  // A host that lets nobody make user namespaces: the inside of a sandbox.
  server = Bun.spawn(
    [
      ...[
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--unshare-user",
        "--disable-userns",
      ],
      ...["--die-with-parent", "--", process.execPath, MAIN],
      ...["--data", data, "--snapshots", data],
    ],
    {
      env: { PATH: process.env.PATH ?? "", SANDBOX_API_KEY: API_KEY },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const { value } = await server.stdout.getReader().read();
  url = JSON.parse(Buffer.from(value ?? []).toString()).url;
});
afterAll(async () => {
  server.kill();
  await server.exited;
  const runtime = readFileSync(join(data, "runtime"), "utf8");
  rmSync(runtime, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
});

test("where the host cannot isolate, health says why and what to do", async () => {
  const response = await fetch(`${new URL(url).origin}/health`);
  expect(response.status).toBe(503);
  const { ok, isolation } = (await response.json()) as {
    ok: boolean;
    isolation: { ok: boolean; reason: string; remedy: string };
  };
  expect([ok, isolation.ok]).toEqual([false, false]);
  expect(isolation.reason).toMatch(/user namespace|no other user/);
  expect(isolation.remedy.length).toBeGreaterThan(20);
});

test("a create is refused with the same words, and leaves nothing", async () => {
  const refused = await failure(client(url).create({ name: "strangers" }));
  expect(refused.statusCode).toBe(422);
  expect(refused.message).toContain("cannot be isolated on this machine");
  const listed = await fetch(`${new URL(url).origin}/__sandboxes`);
  expect(await listed.json()).toEqual([]);
});
