import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import { PATIENCE_MS, eventually, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

const SECRET = `canary-${crypto.randomUUID()}`;

let fixture: Fixture;
let host: { stop(): void; port: number };
let sandbox: Sandbox;
let other: Sandbox;
beforeAll(async () => {
  process.env.HOST_CANARY = SECRET;
  fixture = await startFixture({ limits: { processes: 100 } });
  // A service of the host that trusts whoever is on its loopback.
  const service = Bun.serve({ port: 0, fetch: () => new Response(SECRET) });
  host = { port: service.port ?? 0, stop: () => void service.stop(true) };
  writeFileSync(join(fixture.data, "..", "secret"), SECRET, { mode: 0o644 });
  sandbox = await fixture.daytona.create({ name: "inmate" });
  other = await fixture.daytona.create({ name: "neighbour" });
});
afterAll(async () => {
  delete process.env.HOST_CANARY;
  host.stop();
  await fixture.close();
});

const run = async (command: string) =>
  (await sandbox.process.executeCommand(command)).result;

test("no environment, arguments or files of the host", async () => {
  const seen = await run(
    "env; cat /proc/*/environ /proc/*/cmdline; ls -la / /root /home /etc /var /work; " +
      `cat ${fixture.data}/../secret ${fixture.data}/registry.sqlite; find / -xdev -name '*.sqlite' 2>/dev/null`,
  );
  expect(seen).not.toContain(SECRET);
  expect(await run(`cat /proc/*/cmdline`)).not.toContain(fixture.data);
  expect(await run("ls -A /home; ls /root 2>&1; ls /sys 2>&1")).toBe(
    "daytona\nls: cannot access '/root': No such file or directory\nls: cannot access '/sys': No such file or directory\n",
  );
});

test("what can be written to has a size of its own: home, /tmp, /run, /dev/shm", async () => {
  const tried = await run(
    `for d in $(cut -d' ' -f2 /proc/mounts | sort -u); do
      [ -d "$d" ] && mkdir "$d/probe" 2> /dev/null && rmdir "$d/probe" && echo "$d"
    done; echo x 2>&1 > /dev/filler; echo x > /dev/null && echo fine`,
  );
  expect(tried.split("\n").slice(0, 4)).toEqual([
    "/dev/shm",
    "/home/daytona",
    "/run",
    "/tmp",
  ]);
  expect(tried).toMatch(/filler: Read-only file system\nfine\n$/);
});

test("no capabilities, no new privileges, no user namespaces", async () => {
  const status = await run("cat /proc/self/status");
  expect(status).toMatch(/CapEff:\s+0+\n/);
  expect(status).toMatch(/CapBnd:\s+0+\n/);
  expect(status).toMatch(/NoNewPrivs:\s+1\n/);
  expect(await run("unshare -U true 2>&1; echo $?")).not.toBe("0\n");
  expect(await run("mount -t tmpfs none /mnt 2>&1; echo $?")).not.toEndWith(
    "\n0\n",
  );
});

test("only its own processes, and none of them can be reached from another", async () => {
  await other.process.executeCommand("nohup sleep 12345 > /dev/null 2>&1 &");
  expect(await run("cat /proc/*/cmdline | tr '\\0' ' '")).not.toContain(
    "12345",
  );
  const count = Number(await run("ls /proc | grep -c '^[0-9]'"));
  expect(count).toBeLessThan(10);
});

test("each runs as a host user of its own when the server is root", () => {
  const seen = [sandbox, other].map((one) => {
    const uids = hostProcessesOf(one).map(
      (pid) => /^Uid:\s+(\d+)/m.exec(readProc(`${pid}/status`))?.[1],
    );
    return [...new Set(uids)];
  });
  expect(seen.map((list) => list.length)).toEqual([1, 1]);
  if (process.getuid?.() === 0) {
    expect(seen.flat()).not.toContain("0");
    expect(new Set(seen.flat()).size).toBe(2);
  } else {
    expect(new Set(seen.flat())).toEqual(new Set([String(process.getuid?.())]));
  }
});

test("the host's loopback, the server and the neighbour cannot be reached", async () => {
  const apiPort = new URL(fixture.server.url).port;
  for (const port of [host.port, apiPort]) {
    const direct = await run(
      `curl --noproxy '*' -sS -m 2 http://127.0.0.1:${port}/ 2>&1`,
    );
    expect(direct).toContain("Failed to connect");
    const proxied = await run(
      `curl --noproxy '' -sS -m 2 http://127.0.0.1:${port}/ 2>&1`,
    );
    expect(proxied).toContain("may not reach 127.0.0.1");
    expect(direct + proxied).not.toContain(SECRET);
  }
  await other.process.executeCommand(
    `cd /tmp && echo ${SECRET} > index.html && python3 -m http.server 7777 > /dev/null 2>&1 &`,
  );
  const neighbour = "curl --noproxy '*' -sS -m 2 http://127.0.0.1:7777/ 2>&1";
  await eventually(async () => {
    const { result } = await other.process.executeCommand(neighbour);
    return result.includes(SECRET);
  }, "its own page");
  expect(await run(neighbour)).toContain("Failed to connect");
  expect(
    await run(
      "cat /sys/class/net/*/address 2>/dev/null; ls /proc/net/dev && cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' \\n'",
    ),
  ).toEndWith("lo");
});

test("a file planted as a link leads nowhere outside", async () => {
  await run(`ln -s ${fixture.data}/../secret leak; ln -s / rootlink`);
  const link = sandbox.fs.downloadFile("leak");
  await expect(link).rejects.toThrow("not found");
  await sandbox.fs.uploadFile(Buffer.from("x"), "rootlink/tmp/planted");
  expect(await run("cat /tmp/planted")).toBe("x");
  await expect(
    sandbox.fs.uploadFile(Buffer.from("x"), "rootlink/etc/passwd"),
  ).rejects.toThrow("denied");
});

test("the system is read-only, the sizes hold", async () => {
  expect(await run("touch /usr/x /etc/x /opt/x /x 2>&1; echo $?")).toEndWith(
    "\n1\n",
  );
  const full = await run(
    "head -c 80000000 /dev/zero 2>&1 > /dev/shm/x; rm /dev/shm/x",
  );
  expect(full).toContain("No space left");
});

test("a fork bomb meets its limit, leaves others alone and dies at the stop", async () => {
  const bomber = await fixture.daytona.create({ name: "bomber" });
  const bombing = bomber.process
    .executeCommand("b() { b | b & }; b; sleep 60", undefined, {}, 1)
    .then(
      () => null,
      (error: Error) => error,
    );
  expect((await other.process.executeCommand("echo fine")).result).toBe(
    "fine\n",
  );
  await bombing;
  await bomber.stop();
  expect(bomber.state).toBe("stopped");
  expect(hostProcessesOf(bomber)).toEqual([]);
  await bomber.delete();
});

/** Host process ids that have the sandbox's home mounted. */
function hostProcessesOf({ id }: Sandbox): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProc(`${pid}/mountinfo`).includes(id));
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch (error) {
    // A process that ended while we looked, or a zombie's files.
    const { code } = error as { code: string };
    if (["ENOENT", "ESRCH", "EINVAL"].includes(code)) return "";
    throw error;
  }
}
