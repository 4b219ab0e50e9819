import { expect, setDefaultTimeout, test } from "bun:test";
import type { api } from "../../convex/_generated/api";
import { keyOf, open, SHA } from "./scene";
import { installWorld } from "./stand-ins";
import { World } from "./world";

/** What the log of a sandbox and of its launches tells afterwards. */

installWorld();
setDefaultTimeout(60_000); // for a busy machine

const MINUTE = 60_000;
const me = {
  identity: { subject: "u1", issuer: "sim", tokenIdentifier: "sim|u1" },
};
const other = {
  identity: { subject: "u2", issuer: "sim", tokenIdentifier: "sim|u2" },
};

type Entry = (typeof api.logs.ofSandbox)["_returnType"]["page"][number];

async function scene(play: (stage: Stage) => Promise<void>): Promise<void> {
  const world = new World(1);
  const { backend, clock } = await open(world);
  let asked = 0;
  const slotId = async () => {
    const [slot] = (await backend.run("sandboxes:list", {}, me)) as {
      slotId: string;
    }[];
    return slot?.slotId ?? "";
  };
  try {
    await play({
      world,
      pass: (ms) => clock.advance(ms),
      launch: async (skill = 0) => {
        const args = { skillKey: keyOf(skill), sha: SHA };
        const made = (await backend.run(
          "launches:request",
          { ...args, clientId: `c${asked++}` },
          me,
        )) as { launchId: string };
        return made.launchId;
      },
      act: async (what) =>
        void (await backend.run(
          `sandboxes:${what}`,
          { slotId: await slotId() },
          me,
        )),
      ofLaunch: (launchId, who = me) =>
        backend.run("logs:ofLaunch", { launchId }, who) as Promise<
          Entry[] | null
        >,
      ofSandbox: async (who = me) => {
        const paginationOpts = { numItems: 100, cursor: null };
        const args = { slotId: await slotId(), paginationOpts };
        const { page } = (await backend.run("logs:ofSandbox", args, who)) as {
          page: Entry[];
        };
        return page.toReversed();
      },
      rows: (table) =>
        backend.transaction((ctx) => ctx.db.query(table as "events").collect()),
    });
  } finally {
    await backend.close();
  }
}

type Stage = {
  world: World;
  pass(ms: number): Promise<void>;
  launch(skill?: number): Promise<string>;
  act(what: "stop" | "start" | "remove"): Promise<void>;
  ofLaunch(launchId: string, who?: typeof me): Promise<Entry[] | null>;
  /** Oldest first. */
  ofSandbox(who?: typeof me): Promise<Entry[]>;
  rows(table: string): Promise<Record<string, unknown>[]>;
};

/** An entry in short: what a reader goes by. */
function short({ what }: Entry): string {
  switch (what.kind) {
    case "slot":
      return `${what.from} > ${what.to}`;
    case "call":
      return `${what.call}: ${what.outcome}`;
    case "launch":
      return `launch ${what.change}`;
    case "action":
      return `action ${what.action}`;
    case "remote":
      return `remote ${what.change}`;
    default:
      return what.kind;
  }
}

test("a cold launch tells each thing it did, in order, with the time of each call", () =>
  scene(async ({ pass, launch, ofLaunch, ofSandbox }) => {
    const launchId = await launch();
    await pass(MINUTE);
    const entries = (await ofLaunch(launchId)) ?? [];
    const told = entries.map(short);
    expect(told).toEqual([
      "launch requested",
      "empty > queued",
      "queued > creating/create",
      "launch creating",
      "create: started",
      "creating/create > creating/claim",
      "claim: claimed",
      "creating/claim > running",
      "launch installing",
      expect.stringMatching(/^(install|configure): /),
      expect.stringMatching(/^(install|configure): /),
      "launch ready",
    ]);
    for (const { what } of entries) {
      if (what.kind === "call") expect(what.ms).toBeGreaterThan(0);
    }
    expect(entries[0]?.by).toEqual({ kind: "browser" });
    expect(entries.at(-1)?.by).toEqual({ kind: "slipway" });
    expect(entries.every(({ generation }) => generation <= 1)).toBe(true);
    expect((await ofSandbox()).map(short).slice(0, 2)).toEqual([
      "consent",
      "launch requested",
    ]);
  }));

test("a create that is refused tells its code, and how long that took", () =>
  scene(async ({ world, pass, launch, ofLaunch }) => {
    world.mood = "quota";
    const launchId = await launch();
    await pass(MINUTE);
    const entries = (await ofLaunch(launchId)) ?? [];
    const create = entries.find(({ what }) => what.kind === "call");
    expect(create?.what).toMatchObject({
      call: "create",
      outcome: "refused",
      ok: false,
      ms: expect.any(Number),
      error: { code: "provider_refused" },
    });
    expect(create?.summary).toContain("limit exceeded");
    expect(entries.at(-1)?.what).toMatchObject({
      kind: "launch",
      change: "failed",
      error: { code: "provider_refused" },
    });
  }));

test("a worker that fell silent, and the create that landed later, are told", () =>
  scene(async ({ world, pass, launch, ofLaunch }) => {
    world.mood = "late-create";
    const launchId = await launch();
    await pass(70_000);
    world.mood = "none";
    await pass(2 * MINUTE);
    const told = ((await ofLaunch(launchId)) ?? []).map(short);
    expect(told).toContain("takeover");
    expect(told).toContain("create: adopted");
    expect(told).toContain("launch ready");
  }));

test("what a person does to a sandbox is told as theirs", () =>
  scene(async ({ pass, launch, act, ofSandbox }) => {
    await launch();
    await pass(MINUTE);
    await act("stop");
    await pass(MINUTE);
    await act("remove");
    await pass(MINUTE);
    const entries = await ofSandbox();
    const theirs = entries.filter(({ by }) => by.kind === "browser");
    expect(theirs.map(short)).toEqual([
      "consent",
      "launch requested",
      "empty > queued",
      "action stop",
      "running > stopping/stop",
      "action delete",
      "stopped > deleting/delete",
    ]);
    expect(entries.map(short)).toContain("look: gone");
  }));

test("two launches at once tell their own story only; that others join is told once", () =>
  scene(async ({ pass, launch, ofLaunch }) => {
    const one = await launch(0);
    const two = await launch(1);
    for (let tab = 0; tab < 20; tab++) expect(await launch(1)).toBe(two);
    await pass(MINUTE);
    const first = (await ofLaunch(one)) ?? [];
    const second = (await ofLaunch(two)) ?? [];
    const joins = second.filter((entry) => short(entry) === "launch joined");
    expect(joins).toHaveLength(1);
    expect(first.map(short)).not.toContain("launch joined");
    for (const entries of [first, second]) {
      const installs = entries.filter(
        ({ what }) => what.kind === "call" && what.call === "install",
      );
      expect(installs).toHaveLength(1);
    }
  }));

test("a sandbox that is only looked at writes nothing", () =>
  scene(async ({ pass, launch, rows }) => {
    await launch();
    await pass(10 * MINUTE);
    const before = (await rows("events")).length;
    await pass(180 * MINUTE);
    expect((await rows("events")).length).toBe(before);
  }));

test("an hour with a provider that answers nothing is dozens of entries, not thousands", () =>
  scene(async ({ world, pass, launch, rows }) => {
    world.weather = 1;
    await launch();
    await pass(60 * MINUTE);
    expect((await rows("events")).length).toBeLessThan(150);
  }));

test("the log is its owner's alone", () =>
  scene(async ({ pass, launch, ofLaunch, ofSandbox }) => {
    const launchId = await launch();
    await pass(MINUTE);
    expect(await ofLaunch(launchId, other)).toBeNull();
    expect(await ofSandbox(other)).toEqual([]);
  }));

test("no entry holds a key, a token or an address of a sandbox (I8)", () =>
  scene(async ({ world, pass, launch, act, rows }) => {
    world.weather = 0.3;
    await launch(0);
    await pass(5 * MINUTE);
    world.weather = 0;
    await launch(1);
    await pass(MINUTE);
    await act("stop");
    await pass(5 * MINUTE);
    await launch(2);
    await pass(5 * MINUTE);
    const log = JSON.stringify(await rows("events"));
    const secrets = [...world.boxes.values()].flatMap((box) => [
      box.previewToken,
      box.claim?.key,
    ]);
    for (const boot of await rows("boots")) {
      const { sandboxdKey, gatewayToken, gatewayTokenHash } = boot;
      secrets.push(
        ...[sandboxdKey, gatewayToken, gatewayTokenHash].map(String),
        String(sandboxdKey).split("|")[1],
        String(gatewayToken).split("|")[1],
      );
    }
    const known = secrets.filter((secret) => secret !== undefined);
    expect(known.length).toBeGreaterThan(6);
    for (const secret of [...known, "sim.test", "simulated"]) {
      expect(log).not.toContain(secret);
    }
  }));
