import { expect, test } from "bun:test";
import { lookAtHost, warningsOf } from "./sandboxes";

const walls = { ok: true } as const;
const held = { processes: "cgroup v2", tmpMiB: "tmpfs" };

test("a host that holds everything is worth no word", () => {
  expect(warningsOf({ isolation: walls, heldBy: held })).toEqual([]);
});

test("what the host does not hold is said, once for each reason", () => {
  const heldBy = {
    ...held,
    cpuCores: "nothing",
    memoryMiB: "watched: looked at every 250 ms",
    diskMiB: "watched: measured every 5 s (no loop devices)",
    files: "watched: measured every 5 s (no loop devices)",
  };
  expect(warningsOf({ isolation: walls, heldBy })).toEqual([
    "Nothing on this host limits a sandbox's processor time.",
    "A sandbox can exceed its limit of memory for a moment: looked at every 250 ms",
    "A sandbox can exceed its limit of disk and files for a moment: measured every 5 s (no loop devices)",
  ]);
});

test("where no sandbox can be isolated, the reason and the remedy are said", async () => {
  const isolation = { ok: false, reason: "No namespaces.", remedy: "Do this." };
  using server = Bun.serve({
    port: 0,
    fetch: ({ url }) =>
      new URL(url).pathname === "/health"
        ? Response.json({ isolation, heldBy: {} }, { status: 503 })
        : new Response(null, { status: 404 }),
  });
  expect(await lookAtHost(`http://127.0.0.1:${server.port}/api`)).toEqual([
    "No sandbox can be started: No namespaces. Do this.",
  ]);
});
