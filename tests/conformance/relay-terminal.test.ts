import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { api } from "../../convex/_generated/api";
import { eventually, PATIENCE_MS } from "./sandbox-support";
import {
  connect,
  openTerminal,
  startGround,
  type Ground,
  type Owner,
} from "./relay-harness";

setDefaultTimeout(PATIENCE_MS);

let ground: Ground;
let ada: Owner;
beforeAll(async () => {
  ground = await startGround({ recheck: 100 });
  ada = await ground.person("ada");
});
afterAll(() => ground?.close());

const open = async (more: object = {}, owner = ada) =>
  openTerminal(ground.relay, {
    ticket: await owner.ticket({ kind: "terminal" }),
    ...more,
  });

test("what is typed runs in the sandbox, at the size of the page", async () => {
  const screen = await open();
  await eventually(() => screen.words.length > 0, "it is ready");
  expect(screen.words).toEqual([
    { type: "ready", resumed: false, pings: true },
  ]);
  screen.type("stty size; echo sum-$((20 + 22)) $(whoami)\n");
  await screen.shows("30 90");
  await screen.shows("sum-42 daytona");
  const size = { type: "resize", cols: 120, rows: 41 };
  screen.socket.send(JSON.stringify(size));
  await eventually(() => {
    if (!screen.text().includes("41 120")) screen.type("stty size\n");
    return screen.text().includes("41 120");
  }, "the new size");
  screen.socket.send(JSON.stringify({ type: "ping" }));
  await eventually(() => screen.words.length > 1, "it answers");
  expect(screen.words.at(-1)).toEqual({ type: "pong" });
  screen.type("exit 3\n");
  expect(await screen.ended).toBe("1000 ended");
  expect(screen.words.at(-1)).toEqual({ type: "exit", code: 3 });
});

test("whoever comes back has the same shell; one who ends it has not", async () => {
  const terminal = randomBytes(16).toString("hex");
  const first = await open({ terminal });
  await eventually(() => first.words.length > 0, "it is ready");
  first.type("KEPT=yes-$((1 + 1)); echo set-$KEPT\n");
  await first.shows("set-yes-2");
  first.socket.close();
  const second = await open({ terminal });
  await eventually(() => second.words.length > 0, "it is ready");
  expect(second.words).toEqual([{ type: "ready", resumed: true, pings: true }]);
  second.type("echo still-$KEPT\n");
  await second.shows("still-yes-2");
  second.type("exit\n");
  expect(await second.ended).toBe("1000 ended");
  await eventually(async () => {
    const left = await ada.sandbox.process.listPtySessions();
    return left.every(({ id }) => id !== `slipway-${terminal}`);
  }, "the shell is gone");
});

test("a ticket is good once, even for two who come at the same time", async () => {
  const ticket = await ada.ticket({ kind: "terminal" });
  const both = await Promise.all([
    openTerminal(ground.relay, { ticket }),
    openTerminal(ground.relay, { ticket }),
  ]);
  const [winner] = await eventually(() => {
    const ready = both.filter(({ words }) => words.length > 0);
    return ready.length > 0 ? ready : null;
  }, "one is ready");
  const loser = both.find((one) => one !== winner);
  expect(await loser?.ended).toBe("4401 ticket_invalid");
  winner?.socket.close();
});

test("not with a ticket for something else, or none", async () => {
  const ticket = await ada.ticket({ kind: "port", port: 3000 });
  const other = await openTerminal(ground.relay, { ticket });
  expect(await other.ended).toBe("4401 ticket_invalid");
  const none = await openTerminal(ground.relay, { ticket: "guessed" });
  expect(await none.ended).toBe("4401 ticket_invalid");
  const word = await openTerminal(ground.relay, { ticket: 7 });
  expect(await word.ended).toBe("4400 bad_request");
});

test("a ticket that is a minute old is none", async () => {
  const ticket = await ada.ticket({ kind: "terminal" });
  await ground.chat.tx(async (ctx) => {
    for (const row of await ctx.db.query("tickets").take(100)) {
      await ctx.db.patch(row._id, { expiresAt: row.expiresAt - 60_000 });
    }
  });
  const late = await openTerminal(ground.relay, { ticket });
  expect(await late.ended).toBe("4401 ticket_invalid");
});

test("only Slipway's own pages, by the relay's own name", async () => {
  const refused = async (headers: Record<string, string>) => {
    const { port } = new URL(ground.relay.url);
    const answer = await fetch(`http://127.0.0.1:${port}/terminal`, {
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": btoa("0123456789abcdef"),
        host: `localhost:${port}`,
        ...headers,
      },
    });
    return answer.status;
  };
  const app = "http://127.0.0.1:3000";
  expect(await refused({ origin: "http://evil.example" })).toBe(403);
  expect(await refused({ origin: `${app}.evil.example` })).toBe(403);
  expect(await refused({})).toBe(403);
  expect(await refused({ origin: app, host: "evil.example" })).toBe(421);
});

test("a stop of the sandbox ends it, and its ticket with it", async () => {
  const eve = await ground.person("eve");
  const screen = await open({}, eve);
  await eventually(() => screen.words.length > 0, "it is ready");
  const early = await eve.ticket({ kind: "terminal" });
  await eve.client.mutation(api.sandboxes.stop, { slotId: eve.slotId });
  expect(["4409 sandbox_changed", "4502 unreachable"]).toContain(
    await screen.ended,
  );
  const late = await openTerminal(ground.relay, { ticket: early });
  expect(await late.ended).toBe("4409 sandbox_changed");
  await expect(eve.ticket({ kind: "terminal" })).rejects.toMatchObject({
    data: { code: "sandbox_not_running" },
  });
});

test("of another's sandbox there is no ticket", async () => {
  const mallory = await ground.person("mallory");
  const asked = mallory.client.action(api.tickets.issue, {
    slotId: ada.slotId,
    purpose: { kind: "terminal" },
  });
  await expect(asked).rejects.toMatchObject({ data: { code: "not_found" } });
});

test("a personal token opens one, and its end ends it", async () => {
  const { token, tokenId } = await ada.client.action(api.tokens.create, {
    name: "A script",
    scopes: ["control"],
  });
  const { ticket } = await ground.chat.person("nobody").then(({ client }) =>
    client.action(api.tickets.issue, {
      ...{ slotId: ada.slotId, purpose: { kind: "terminal" }, token },
    }),
  );
  const screen = await openTerminal(ground.relay, { ticket });
  await eventually(() => screen.words.length > 0, "it is ready");
  await ada.client.mutation(api.tokens.revoke, { tokenId });
  expect(await screen.ended).toBe("4403 access_withdrawn");
});

/** Bytes a program in ada's sandbox has written so far; 0 if there is none. */
async function writtenBy(program: string): Promise<number> {
  const { result } = await ada.sandbox.process.executeCommand(
    `grep wchar /proc/$(pgrep -n -x ${program})/io`,
  );
  return Number(/wchar: (\d+)/.exec(result)?.[1] ?? 0);
}

const HOUR = 3_600_000;

test("bytes out of a sandbox are life; only keys are something a person did", async () => {
  const activity = () =>
    ground.chat.tx((ctx) =>
      ctx.db
        .query("activity")
        .withIndex("by_slot", (q) => q.eq("slotId", uma.slotId))
        .unique(),
    );
  const uma = await ground.person("uma");
  // The daemon has not answered for a while, and a shell does not speak for it.
  const looks = { lookedAt: 1, failures: 3, nextProbeAt: Date.now() + HOUR };
  await ground.chat.tx((ctx) =>
    ctx.db.insert("activity", {
      ...{ slotId: uma.slotId, confirmedAt: 0, polls: 0, ...looks },
    }),
  );
  const screen = await open({}, uma);
  await eventually(async () => (await activity())?.confirmedAt, "life");
  const silent = await activity();
  expect(silent).toMatchObject(looks);
  expect(silent?.actedAt ?? 0).toBe(0);
  screen.type("sleep 0.1; echo -n\n");
  const used = await eventually(async () => {
    const row = await activity();
    return row?.actedAt ? row : null;
  }, "use");
  expect(used.actedAt).toBeGreaterThan(0);
  screen.socket.close();
});

test("a page that does not keep up with painting makes it wait as well", async () => {
  const ticket = await ada.ticket({ kind: "terminal" });
  const screen = await openTerminal(ground.relay, { ticket }, { blind: true });
  await eventually(() => screen.words.length > 0, "it is ready");
  screen.type("head -c 40000000 /dev/zero | tr '\\0' x; echo done-$((2+3))\n");
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = await writtenBy("head");
    return last > 1_000_000 && last === before;
  }, "the program waits");
  expect(screen.text().length).toBeLessThan(4 * 1_024 * 1_024);

  const seen = { type: "seen", bytes: 100_000_000 };
  await eventually(() => {
    screen.socket.send(JSON.stringify(seen));
    return screen.text().slice(-500).includes("done-5");
  }, "the rest");
  screen.socket.close();
});

test("who does not read makes the program wait, not the relay pile up", async () => {
  const screen = await open({}, ada);
  await eventually(() => screen.words.length > 0, "it is ready");
  const pausable = screen.socket as unknown as {
    pause(): void;
    resume(): void;
  };
  screen.type(
    "head -c 300000000 /dev/zero | tr '\\0' x; echo; echo e-$((2+3))\n",
  );
  await screen.shows("xxxx");
  pausable.pause();
  const before = process.memoryUsage().rss;
  // Until the program stands still: nothing more comes out of it.
  let last = -1;
  await eventually(
    async () => {
      const before = last;
      last = await writtenBy("head");
      return last > 0 && last === before;
    },
    "the program waits",
    15_000,
  );
  expect(last).toBeLessThan(60_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000);
  screen.socket.close();
});

test("too many at once, a word too long, and one that is left alone", async () => {
  const strict = ground.another({ terminalsPerUser: 1, terminalIdle: 1_500 });
  const bob = await ground.person("bob");
  const ticket = () => bob.ticket({ kind: "terminal" });
  const first = await openTerminal(strict, { ticket: await ticket() });
  await eventually(() => first.words.length > 0, "it is ready");
  const second = await openTerminal(strict, { ticket: await ticket() });
  expect(await second.ended).toBe("4429 too_many");
  expect(await first.ended).toBe("4408 idle");
  const third = await openTerminal(strict, { ticket: await ticket() });
  await eventually(() => third.words.length > 0, "there is room again");
  third.socket.send(new Uint8Array(2 * 1_024 * 1_024));
  expect(await third.ended).toStartWith("100");
});

test("one that has been open for very long ends, however busy", async () => {
  const strict = ground.another({ terminalLife: 300 });
  const dan = await ground.person("dan");
  const ticket = await dan.ticket({ kind: "terminal" });
  const screen = await openTerminal(strict, { ticket });
  await eventually(() => screen.words.length > 0, "it is ready");
  const typing = setInterval(() => screen.type("true\n"), 20);
  const ended = await screen.ended;
  clearInterval(typing);
  expect(ended).toBe("4410 too_long");
});

test("one that never shows a ticket is not waited for", async () => {
  const strict = ground.another({ hello: 100 });
  const socket = connect(strict);
  const code = await new Promise((resolve) => {
    socket.onclose = (event) => resolve(event.code);
  });
  expect(code).toBe(4401);
});
