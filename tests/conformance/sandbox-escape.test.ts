import {
  afterAll,
  beforeAll,
  describe,
  expect,
  test,
  setDefaultTimeout,
} from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import { KERNEL_ATTEMPTS } from "./sandbox-escape-kernel";
import { TRICKS, attempts } from "./sandbox-escape-attempts";
import type { Outside } from "./sandbox-escape-attempts";
import {
  API_KEY,
  PATIENCE_MS,
  eventually,
  failure,
  startFixture,
} from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

const SECRET = `canary-${crypto.randomUUID()}`;
const ABSTRACT = `slipway-test-${crypto.randomUUID()}`;

let fixture: Fixture;
let inmate: Sandbox;
let other: Sandbox;
let outside: Outside;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  process.env.HOST_CANARY = SECRET;
  const service = Bun.serve({ port: 0, fetch: () => new Response(SECRET) });
  const allowed = Bun.serve({
    port: 0,
    fetch: ({ headers }) => new Response(`host=${headers.get("host")}\n`),
  });
  const abstract = createServer((socket) => socket.end(SECRET));
  abstract.listen(`\0${ABSTRACT}`);
  cleanups.push(
    () => service.stop(true),
    () => allowed.stop(true),
    () => abstract.close(),
  );
  fixture = await startFixture({
    egress: { "allowed.internal": allowed.url.origin },
    limits: { processes: 120, memoryMiB: 400, diskMiB: 100, files: 5_000 },
  });
  inmate = await fixture.daytona.create({ name: "inmate" });
  other = await fixture.daytona.create({ name: "other" });
  const secretFile = join(fixture.data, "..", "secret");
  writeFileSync(secretFile, SECRET, { mode: 0o644 });
  outside = {
    ...{ secretFile, data: fixture.data, pid: process.pid },
    servicePort: service.port ?? 0,
    apiPort: new URL(fixture.server.url).port,
    abstractSocket: ABSTRACT,
    ...{ otherId: other.id, otherPort: 7_777 },
  };
  await inmate.fs.uploadFile(Buffer.from(TRICKS), "t.py");
  await other.fs.uploadFile(Buffer.from(TRICKS), "t.py");
  await other.process.executeCommand(
    `echo ${SECRET} | tee secret /tmp/neighbour /dev/shm/neighbour > index.html;
     (python3 -m http.server 7777 & sleep 12345 &) > /dev/null 2>&1;
     python3 t.py 'call("shmget", 4242, 4096, 0o1666)'`,
  );
  // What is looked for from outside is there, as it shows from within.
  await eventually(
    async () => {
      const { result } = await other.process.executeCommand(
        "curl --noproxy '*' -sS -m 2 http://127.0.0.1:7777/; pgrep -x sleep; cat secret /tmp/neighbour",
      );
      const lines = result.trim().split("\n");
      const [page, pid, ...files] = lines;
      return (
        [page, ...files].join() === [SECRET, SECRET, SECRET].join() &&
        /^\d+$/.test(pid ?? "")
      );
    },
    "what is to be found",
    PATIENCE_MS,
  );
});
afterAll(async () => {
  delete process.env.HOST_CANARY;
  for (const clean of cleanups) clean();
  await fixture.close();
});

const run = async (command: string, seconds = 10) =>
  (await inmate.process.executeCommand(command, undefined, {}, seconds)).result;

const NOWHERE = {
  secretFile: "",
  data: "",
  pid: 0,
  servicePort: 0,
  apiPort: "",
};
const names = Object.keys(
  attempts({ ...NOWHERE, abstractSocket: "", otherId: "", otherPort: 0 }),
);

describe("from inside", () => {
  test.each(names)("%s", async (name) => {
    const attempt = attempts(outside)[name];
    if (!attempt) throw new Error(name);
    const said = await run(attempt.run);
    expect(said).not.toContain(SECRET);
    expect(said).not.toContain("ESCAPED");
    expect(said).toMatch(attempt.refused);
  });
});

describe("from inside, into the kernel", () => {
  test.each(Object.entries(KERNEL_ATTEMPTS))("%s", async (_, attempt) => {
    const said = await run(attempt.run);
    expect(said).not.toContain("ESCAPED");
    expect(said).toMatch(attempt.refused);
  });
});

describe("through the files API", () => {
  test("a download through a link leads nowhere", async () => {
    await run(`ln -sfn ${outside.secretFile} leak; ln -sfn / rootlink`);
    for (const path of [
      "leak",
      `rootlink${outside.secretFile}`,
      `../../../..${outside.secretFile}`,
      `/proc/1/root${outside.secretFile}`,
    ]) {
      await failure(inmate.fs.downloadFile(path));
    }
  });

  test("an upload through a link stays inside", async () => {
    await run("ln -sfn / rootlink");
    await failure(
      inmate.fs.uploadFile(Buffer.from("x"), "rootlink/etc/passwd"),
    );
    await failure(inmate.fs.uploadFile(Buffer.from("x"), "/usr/bin/evil"));
    await inmate.fs
      .uploadFile(Buffer.from("x"), `..${fixture.data}/planted`)
      .then(
        () => expect(existsSync(join(fixture.data, "planted"))).toBe(false),
        () => expect(existsSync(join(fixture.data, "planted"))).toBe(false),
      );
  });

  test("a delete through a link removes the link only", async () => {
    await run(
      "mkdir -p /tmp/kept && touch /tmp/kept/f && ln -sfn /tmp/kept del",
    );
    await inmate.fs.deleteFile("del", true);
    expect(await run("ls /tmp/kept")).toBe("f\n");
  });

  test("a file that cannot be read on, or is not read to its end, ends nothing", async () => {
    await run("ln -sfn /proc/self/mem mem; truncate -s 1G long");
    const download = (path: string) =>
      fetch(
        `${inmate.toolboxProxyUrl}/${inmate.id}/files/download?path=${path}`,
        { headers: { authorization: `Bearer ${API_KEY}` } },
      );
    const broken = await download("mem").then((it) => it.text(), String);
    expect(broken).not.toContain("ELF");
    const reader = (await download("long")).body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    await reader?.cancel();
    const open = "readlink /proc/[0-9]*/fd/* 2>/dev/null | grep -c /long";
    await eventually(async () => (await run(open)) === "0\n", "it is closed");
    await run("rm long mem");
  });

  test("a pipe in place of a file holds nobody up", async () => {
    await run("for i in 1 2 3 4 5 6; do mkfifo p$i; done; true");
    const asked = [1, 2, 3, 4, 5, 6].map((i) =>
      failure(inmate.fs.downloadFile(`p${i}`)),
    );
    const outcomes = await Promise.all(asked);
    expect(outcomes[0]?.message).toContain("not a regular file");
    expect(await run("echo alive")).toBe("alive\n");
  });

  test("deleting a sandbox whose home is full of links removes none of the host's", async () => {
    const liar = await fixture.daytona.create({ name: "liar" });
    await liar.process.executeCommand(
      `ln -s ${outside.data}/.. up; ln -s / root; mkdir -m 0 shut; chmod 0 .`,
    );
    await liar.delete();
    expect(existsSync(outside.secretFile)).toBe(true);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "what holds its home is not its own, to put a link in the home's place [as root]",
    async () => {
      const { uid, mode } = statSync(
        join(fixture.data, "sandboxes", inmate.id),
      );
      expect(uid).toBe(0);
      expect(mode & 0o022).toBe(0);
      expect(await run("mv ~ /home/moved 2>&1; rmdir ~ 2>&1")).toMatch(
        /^mv: .*\nrmdir: .*\n$/,
      );
    },
  );
});

describe("through the server", () => {
  test("its own preview token opens nothing of the neighbour's", async () => {
    const { token } = await inmate.getPreviewLink(7_777);
    const { url } = await other.getPreviewLink(7_777);
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { "x-daytona-preview-token": token },
    });
    expect(answer.status).toBe(307);
    expect(await answer.text()).not.toContain(SECRET);
  });

  test("the toolbox and the control plane want the key", async () => {
    for (const path of [
      `toolbox/${other.id}/files/download?path=secret`,
      "api/sandbox",
    ]) {
      const answer = await fetch(`${fixture.origin}/${path}`);
      expect(answer.status).toBe(401);
    }
  });

  test("a path that climbs out of the toolbox is no other route", async () => {
    const headers = { authorization: "Bearer test-key" };
    for (const path of ["..%2f..%2fboot", "%2e%2e/boot", "..%2f..%2fprobe"]) {
      const answer = await fetch(
        `${fixture.origin}/toolbox/${inmate.id}/${path}`,
        {
          headers,
          method: "POST",
        },
      );
      expect(answer.status).toBe(404);
    }
  });
});

/** Attacks on what is shared; meanwhile the server must go on answering. */
const FLOODS: Record<string, string> = {
  "a fork bomb":
    "python3 -c 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass'",
  "a memory bomb":
    "python3 -c 'x = []\nwhile True: x.append(bytearray(8 << 20))'",
  "a full disk": "head -c 400000000 /dev/urandom > fill; sleep 2; rm -f fill",
  "all the inodes": "mkdir -p i && cd i && seq 20000 | xargs touch; rm -rf ~/i",
  "a full /tmp and /run":
    "head -c 2G /dev/zero > /tmp/f; head -c 1G /dev/zero > /run/f; rm -f /tmp/f /run/f",
  "a flood of output": "yes a-line-of-output",
  "all descriptors":
    "python3 -c 'import os,time\nwhile True:\n  try: os.dup(0)\n  except OSError: time.sleep(1)'",
  "every core":
    "for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait",
  "connections to the way out":
    "python3 -c 'import socket,time\ns=[]\nwhile len(s)<400: s.append(socket.create_connection((\"127.0.0.1\",3128)))\ntime.sleep(9)'",
};

describe("by exhaustion, on what all share", () => {
  const medianOf = (all: number[]) =>
    all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const healthCalls = async () => {
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const from = performance.now();
      const answer = await fetch(`${fixture.origin}/health`);
      expect((await answer.json()).ok).toBe(true);
      took.push(performance.now() - from);
      // Spread over the attack, which takes a while to unfold.
      await Bun.sleep(40);
    }
    return took;
  };

  let idle = 0;
  beforeAll(async () => {
    idle = medianOf(await healthCalls());
  });

  test.each(Object.entries(FLOODS))("%s", async (name, command) => {
    const bomber = await fixture.daytona.create();
    const attack = bomber.process
      .executeCommand(
        `timeout 20 sh -c "$ATTACK"`,
        undefined,
        { ATTACK: command },
        1,
      )
      .then(
        () => "ended",
        () => "cut off",
      );
    const during = await healthCalls();
    const neighbour = await other.process.executeCommand("echo fine");
    expect(neighbour.result).toBe("fine\n");
    expect(during).toHaveLength(20);
    await attack;
    console.log(
      `${name}: health ${medianOf(during).toFixed(2)} ms, idle ${idle.toFixed(2)} ms`,
    );
    await bomber.refreshData();
    if (String(bomber.state) === "started") await bomber.stop();
    await bomber.delete();
  });
});

test("at least 40 different attempts", () => {
  const count = names.length + Object.keys(FLOODS).length;
  console.log(`${count} attempts from inside, besides those through the APIs`);
  expect(count).toBeGreaterThanOrEqual(40);
});
