import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import { eventually, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

/** A few in every check; SANDBOX_CYCLES=200 for the long run. */
const CYCLES = Number(process.env.SANDBOX_CYCLES ?? 8);

/** Leaves as much behind as a sandbox can, each time. */
const LITTER = `
  echo kept >> note
  echo lost > /tmp/lost; echo lost > /run/lost; echo lost > /dev/shm/lost
  for i in 1 2 3; do setsid sh -c 'trap "" TERM HUP INT; sleep 1000' > /dev/null 2>&1 & done
  python3 -c 'import ctypes; ctypes.CDLL(None).shmget(4242, 4096, 0o1666)'
  (python3 -m http.server 8000 --bind 127.0.0.1 > /dev/null 2>&1 &)
  python3 - <<'END' > /dev/null 2>&1 &
import socket, time
a = socket.socket(socket.AF_UNIX); a.bind("/tmp/sock"); a.listen()
b = socket.socket(socket.AF_UNIX); b.bind("\\0abstract"); b.listen()
held = [socket.create_connection(("127.0.0.1", 3128)) for _ in range(5)]
time.sleep(1000)
END
  true`;

let fixture: Fixture;
let sandbox: Sandbox;
let runtime: string;
beforeAll(async () => {
  fixture = await startFixture();
  runtime = readFileSync(join(fixture.data, "runtime"), "utf8");
  sandbox = await fixture.daytona.create({ autoStopInterval: 0 });
  await sandbox.stop();
});
afterAll(() => fixture.close());

test(
  `a stop leaves nothing but the home, ${CYCLES} times in a row`,
  async () => {
    const before = left();
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await sandbox.start();
      await sandbox.process.executeCommand(LITTER);
      const pty = await sandbox.process.createPty({
        id: "p",
        onData: () => {},
      });
      await pty.sendInput("sleep 1000\n");
      await sandbox.stop();
      // At once: a stop is over when everything is gone.
      expect(left()).toEqual(before);
    }
    // Descriptors close with the client's ends, a moment later.
    await eventually(() => descriptors() < 60, "descriptors are given back");
    await sandbox.start();
    const { result } = await sandbox.process.executeCommand(
      "grep -c kept note; ls -A /tmp /run /dev/shm | grep lost; ls -A",
    );
    expect(result.split("\n")[0]).toBe(String(CYCLES));
    expect(result).not.toContain("lost");
    await sandbox.stop();
  },
  Math.max(30_000, CYCLES * 1_000),
);

/** All that a sandbox may be seen by on the host. */
function left() {
  const { id } = sandbox;
  const folder = join(fixture.data, "sandboxes", id);
  return {
    processes: processes().filter((pid) =>
      readProc(`${pid}/mountinfo`).includes(id),
    ),
    mounts: readProc("self/mountinfo")
      .split("\n")
      .filter((line) => line.includes(runtime) || line.includes(id)),
    sockets: readProc("net/unix")
      .split("\n")
      .filter((line) => line.includes(runtime)).length,
    runtime: readdirSync(runtime).sort(),
    stage: readdirSync(join(runtime, "stage")),
    folder: readdirSync(folder),
    groups: groups(),
  };
}

function groups(): string[] {
  return ["pids", "cpu"].flatMap((controller) => {
    const root = `/sys/fs/cgroup/${controller}`;
    return list(root)
      .filter((name) => name.startsWith(`slipway-sb-${process.pid}-`))
      .flatMap((name) =>
        list(join(root, name)).filter((entry) => /^[0-9a-f]{12}$/.test(entry)),
      );
  });
}

const processes = () => list("/proc").filter((name) => /^\d+$/.test(name));
const descriptors = () => list("/proc/self/fd").length;

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as { code: string }).code === "ENOENT") return [];
    throw error;
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch (error) {
    const { code } = error as { code: string };
    if (["ENOENT", "ESRCH", "EINVAL"].includes(code)) return "";
    throw error;
  }
}
