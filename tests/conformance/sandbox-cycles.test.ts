import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, readFileSync, readdirSync } from "node:fs";
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
/** Groups of other servers in this process: not what is looked for. */
let others: string[];
beforeAll(async () => {
  others = servers();
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
    // Nothing is what a stopped sandbox is made of, so none may be left at all.
    expect(before).toMatchObject({
      ...{ processes: [], mounts: [], sockets: 0, stage: [], groups: [] },
      ...{ owned: [], shared: [], loops: [] },
    });
    expect(["home", "home,home.img"]).toContain(before.folder.join());
    let most = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await sandbox.start();
      await sandbox.process.executeCommand(LITTER);
      if (cycle === 0) expectSeen(left());
      const pty = await sandbox.process.createPty({
        id: "p",
        onData: () => {},
      });
      await pty.sendInput("sleep 1000\n");
      await sandbox.stop();
      // At once: a stop is over when everything is gone.
      expect(left()).toEqual(before);
      most = Math.max(most, descriptors());
    }
    console.log(
      `${CYCLES} cycles: after each no process, mount, socket, cgroup, shared memory or file of it but the home; the server had at most ${most} descriptors`,
    );
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

/** What does not see a running one would not see what it leaves. */
function expectSeen(running: ReturnType<typeof left>) {
  expect(running.processes.length).toBeGreaterThan(5);
  expect(running.children.length).toBeGreaterThan(0);
  expect(running.sockets).toBeGreaterThan(0);
  expect(running.runtime.length).toBeGreaterThan(2);
  expect(running.loops).toHaveLength(
    running.folder.includes("home.img") ? 1 : 0,
  );
}

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
    folder: readdirSync(folder).sort(),
    loops: loops(id),
    // WAL files come and go with SQLite.
    data: readdirSync(fixture.data).filter((name) => !/-(wal|shm)$/.test(name)),
    groups: servers()
      .filter((path) => !others.includes(path))
      .flatMap(groupsIn),
    owned: owned(),
    shared: sharedMemory(),
    // Zombies too: a process that nobody waited for. du measures homes, in its
    // own time.
    children: readProc(`self/task/${process.pid}/children`)
      .split(" ")
      .filter((pid) => pid && readProc(`${pid}/comm`) !== "du\n"),
  };
}

/** Its user's, where it has one of its own: files where anybody may put some. */
function owned(): string[] {
  const uid = hostUid();
  if (uid === null) return [];
  return ["/tmp", "/var/tmp", "/run", "/dev/shm", "/run/lock"].flatMap((dir) =>
    list(dir).filter((name) => ownerOf(join(dir, name)) === uid),
  );
}

/** Devices that show a file of its as a disk. */
function loops(id: string): string[] {
  return list("/sys/block").filter((name) =>
    readAny(`/sys/block/${name}/loop/backing_file`).includes(id),
  );
}

/** Segments that outlive their processes; the column of the user is the eighth. */
function sharedMemory(): string[] {
  const uid = hostUid();
  return readProc("sysvipc/shm")
    .split("\n")
    .slice(1)
    .filter((line) => Number(line.trim().split(/\s+/)[7]) === uid);
}

function hostUid(): number | null {
  if (process.getuid?.() !== 0) return null;
  return lstatSync(join(fixture.data, "sandboxes", sandbox.id, "home")).uid;
}

function ownerOf(path: string): number | null {
  try {
    return lstatSync(path).uid;
  } catch (error) {
    // Somebody else's, and gone meanwhile.
    if ((error as { code: string }).code === "ENOENT") return null;
    throw error;
  }
}

/** The groups of sandbox servers in this process, by path. */
function servers(): string[] {
  return ["pids", "cpu", "unified", ""].flatMap((controller) => {
    const root = `/sys/fs/cgroup/${controller}`;
    return list(root)
      .filter((name) => name.startsWith(`slipway-sb-${process.pid}-`))
      .map((name) => join(root, name));
  });
}

/** One a boot, named by it. */
const groupsIn = (server: string): string[] =>
  list(server).filter((entry) => /^[0-9a-f]{12}$/.test(entry));

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

const readProc = (path: string) => readAny(`/proc/${path}`);

function readAny(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as { code: string };
    if (["ENOENT", "ESRCH", "EINVAL"].includes(code)) return "";
    throw error;
  }
}
