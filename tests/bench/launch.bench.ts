import { randomUUID } from "node:crypto";
import type { Daytona, Sandbox } from "@daytonaio/sdk";
import {
  Client,
  Operator,
  Product,
  repository,
  skillMd,
  until,
  type Files,
} from "../e2e/harness";
import { compared, inTurns, median, plain } from "./harness";
import type { Bench, Figure } from "./harness";

/** One turn that is not counted, and these. */
const TURNS = 7;
const TABS = 10;
const FILES = 300;
/** What was made for one turn is gone, and a warm one waits, before the next. */
const REST = 1_000;
const DAEMON_PORT = 4500;

type Report = (figure: Figure) => void;
type World = { product: Product; provider: Daytona; snapshot: string };

/**
 * Launches on the whole product, each way there is, by the log's own times:
 * from the moment it was asked for to the moment it is ready. The reference is
 * what the provider takes by itself for the same, asked by its client.
 */
export const bench: Bench = {
  name: "launch",
  async run(report) {
    const product = await Product.start();
    try {
      await makeSkills(product);
      const operator = await Operator.of(product);
      const provider = await operator.customer();
      const client = await Client.of(product, "bench");
      const world = { product, provider, snapshot: "" };
      await client.launchReady("bench/skills/door");
      const [first] = await client.sandboxes();
      const made = await provider.get(first?.sandboxId ?? "");
      world.snapshot = made.snapshot ?? "";
      await instant(client, report);
      await hot(client, report);
      await tabs(client, report);
      await wake(world, client, report);
      await cold(world, report);
    } finally {
      await product.stop();
    }
  },
};

const turns = Array.from({ length: TURNS + 1 }, (_, turn) => turn);

/** A skill for every launch that must find one that is not there yet. */
async function makeSkills(product: Product): Promise<void> {
  const files: Files = {};
  const skill = (name: string) => {
    files[`skills/${name}/SKILL.md`] = skillMd(name, "It says hello.");
  };
  skill("door");
  for (const turn of turns) {
    for (const name of ["hot", "wide", "tab", "tabs"]) skill(`${name}-${turn}`);
    for (let i = 0; i < FILES; i++) {
      files[`skills/wide-${turn}/data/${i}.txt`] = `${turn} ${i}\n`.repeat(20);
    }
  }
  await repository(product.skillsDir, "bench", "skills", files);
}

/** What is there already: the whole launch is one mutation. */
async function instant(client: Client, report: Report): Promise<void> {
  let calls = 0;
  const took = await inTurns(20, {
    ours: async () => {
      const { launchId } = await client.launch("bench/skills/door");
      calls = Math.max(calls, (await timing(client, launchId)).deep);
    },
    log: () => client.ask("GET", "/launches?limit=1"),
    resolve: () =>
      client.ask("GET", "/skills/resolve?link=bench%2Fskills%2Fdoor"),
  });
  const value = took.ours - took.log;
  const reference = { value: took.resolve, against: "resolving its link" };
  report(compared("instant", value, "ms", reference, 4));
  report(plain("instant, remote calls in a row", calls, "", 0));
}

async function hot(client: Client, report: Report): Promise<void> {
  const one: Timing[] = [];
  const many: Timing[] = [];
  for (const turn of turns) {
    one.push(await launched(client, `hot-${turn}`, "hot"));
    many.push(await launched(client, `wide-${turn}`, "hot"));
  }
  const alone = { value: callMs(one), against: "its one call" };
  report(compared("hot", ms(one), "ms", alone, 4));
  report(plain("hot, remote calls in a row", deepest(one), "", 2));
  const single = { value: ms(one), against: "a skill of one file" };
  report(compared(`hot, ${FILES} files`, ms(many), "ms", single, 4));
  report(plain("the same, calls in a row", deepest(many), "", 2));
}

/** Ten tabs that want the same at the same time, and one that wants it alone. */
async function tabs(client: Client, report: Report): Promise<void> {
  const took = { one: [] as number[], ten: [] as number[] };
  const all = async (skill: string, count: number) => {
    const from = performance.now();
    await Promise.all(
      Array.from({ length: count }, () => client.launchReady(skill)),
    );
    return performance.now() - from;
  };
  for (const turn of turns) {
    const one = await all(`bench/skills/tab-${turn}`, 1);
    const ten = await all(`bench/skills/tabs-${turn}`, TABS);
    if (turn === 0) continue;
    took.one.push(one);
    took.ten.push(ten);
  }
  const reference = { value: median(took.one), against: "one tab" };
  report(compared(`${TABS} tabs`, median(took.ten), "ms", reference, 4));
}

async function wake(world: World, client: Client, report: Report) {
  const bare = await makeBare(world);
  const ours: Timing[] = [];
  const theirs: number[] = [];
  const [sandbox] = await client.sandboxes();
  const slot = `/sandboxes/${sandbox?.slotId}`;
  for (const turn of turns) {
    await client.ask("POST", `${slot}/stop`);
    await until("the stop", async () => {
      const [now] = await client.sandboxes();
      return now?.state.status === "stopped" && now;
    });
    await bare.stop();
    ours.push(await launched(client, "door", "wake"));
    const from = performance.now();
    await bare.start();
    await reach(bare);
    if (turn > 0) theirs.push(performance.now() - from);
  }
  await bare.delete();
  const reference = {
    value: median(theirs),
    against: "start, key and health by the client alone",
  };
  report(compared("wake", ms(ours), "ms", reference, 4));
  report(plain("wake, remote calls in a row", deepest(ours), "", 3));
}

async function cold(world: World, report: Report): Promise<void> {
  const ours: Timing[] = [];
  const theirs: number[] = [];
  for (const turn of turns) {
    const client = await Client.of(world.product, `cold-${turn}`);
    ours.push(await launched(client, "door", "cold"));
    const [sandbox] = await client.sandboxes();
    await client.ask("DELETE", `/sandboxes/${sandbox?.slotId}`);
    await Bun.sleep(REST);
    const from = performance.now();
    const bare = await makeBare(world);
    if (turn > 0) theirs.push(performance.now() - from);
    await bare.delete();
    await Bun.sleep(REST);
  }
  const reference = {
    value: median(theirs),
    against: "create, key and health by the client alone",
  };
  report(compared("cold", ms(ours), "ms", reference, 3));
  report(plain("cold, remote calls in a row", deepest(ours), "", 3));
}

/** A sandbox made without Slipway, as far as the daemon in it answers. */
async function makeBare({ provider, snapshot }: World): Promise<Sandbox> {
  const bare = await provider.create({ snapshot, autoStopInterval: 0 });
  await reach(bare);
  return bare;
}

async function reach(bare: Sandbox): Promise<void> {
  const key = randomUUID();
  const claim = JSON.stringify({ key, generation: 1 });
  await bare.fs.uploadFile(Buffer.from(claim), ".slipway/claim.json");
  const { url, token } = await bare.getPreviewLink(DAEMON_PORT);
  await until("an answer of the daemon", async () => {
    const { status } = await fetch(`${url}/health`, {
      headers: {
        ...{ authorization: `Bearer ${key}` },
        "x-daytona-preview-token": token,
      },
    });
    return status === 200;
  });
}

type Timing = {
  /** From the request to ready, in ms of the server's clock. */
  ms: number;
  /** The longest of its calls. */
  callMs: number;
  /** Remote calls that waited for one another. */
  deep: number;
};

async function launched(client: Client, skill: string, path: string) {
  const launch = await client.launchReady(`bench/skills/${skill}`);
  if (launch.path !== path) {
    throw new Error(`${skill} was a launch by the path ${launch.path}.`);
  }
  return await timing(client, launch.launchId);
}

type Logged = { at: number; what: { kind: string; ms?: number } };

/** What the log of a launch says of its times. */
async function timing(client: Client, launchId: string): Promise<Timing> {
  const { body } = await client.ask<{ events: Logged[] }>(
    "GET",
    `/launches/${launchId}/log`,
  );
  const launch = body.events.filter(({ what }) => what.kind === "launch");
  const [asked, ready] = [launch[0]?.at ?? 0, launch.at(-1)?.at ?? 0];
  const calls = body.events
    .filter(({ what, at }) => what.kind === "call" && at <= ready)
    .map(({ what: { ms: took = 0 }, at }) => ({
      from: at - took,
      to: at,
      took,
    }))
    .sort((a, b) => a.to - b.to);
  let deep = 0;
  let free = -Infinity;
  for (const { from, to } of calls) {
    if (from < free) continue; // beside the one before
    deep += 1;
    free = to;
  }
  const longest = Math.max(0, ...calls.map(({ took }) => took));
  return { ms: ready - asked, callMs: longest, deep };
}

const counted = (all: Timing[]) => all.slice(1);
const ms = (all: Timing[]) => median(counted(all).map((one) => one.ms));
const callMs = (all: Timing[]) => median(counted(all).map((one) => one.callMs));
const deepest = (all: Timing[]) =>
  Math.max(...counted(all).map(({ deep }) => deep));
