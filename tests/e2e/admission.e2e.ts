import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  test,
} from "bun:test";
import {
  Operator,
  Owner,
  Product,
  repository,
  skillMd,
  type Launch,
} from "./harness";

const CAP = 5;
const USERS = 20;
const SKILL = "crowd/skills/door";
/** Between two looks at what the provider has. */
const LOOK = 200;
/** A place that is free may stay unused for this long while somebody waits. */
const IDLE = 5_000;

let product: Product;
let operator: Operator;
let people: Owner[];
let watch: Watch;

beforeAll(async () => {
  product = await Product.start({ SLIPWAY_MAX_SANDBOXES: String(CAP) });
  await repository(product.skillsDir, "crowd", "skills", {
    "skills/door/SKILL.md": skillMd("door", "One at a time."),
  });
  operator = await Operator.of(product);
}, 400_000);
afterAll(async () => {
  await product?.stop();
});
beforeEach(async () => {
  const each = Array.from({ length: USERS }, () => Owner.of(product, operator));
  people = await Promise.all(each);
  watch = new Watch();
});
afterEach(async () => {
  await watch.end();
});

/** What a waiting person is told, one entry for each change. */
type Told = { state: string; position: number | null };

test("20 people and 5 places: never a sixth sandbox, no free place unused, first come first served", async () => {
  const [leaver, ...stayers] = await launchAll();
  if (!leaver) throw new Error("Nobody came.");
  // One gives up while waiting: last in line at that moment, and no sandbox is made.
  const served = stayers.map(async ({ person, launchId }, n) => {
    watch.waits(launchId);
    const told = await follow(person, launchId, () => watch.served(launchId));
    // Half of them stop theirs, which keeps the disk; the others delete it.
    if (n % 2 === 0) await person.stop();
    else await person.delete();
    return told;
  });
  await leave(leaver);
  const all = await Promise.all(served);
  const seen = await watch.end();

  expect(seen.most).toBe(CAP);
  expect(seen.longestIdle).toBeLessThan(IDLE);
  for (const told of all) {
    expect(told.at(-1)?.state).toBe("ready");
    expectDown(told.map(({ position }) => position));
  }
  // Most of them had to wait, or this proves nothing.
  const waited = all.filter((told) => told.some(({ position }) => position));
  expect(waited.length).toBeGreaterThanOrEqual(USERS - 1 - CAP);
  await expectServedInOrder(stayers);
  await expectAgreement();
}, 200_000);

test("as many starts at once keep to the same places", async () => {
  const stopped = people.slice(0, 2 * CAP);
  await Promise.all(stopped.map(launchAndStop));
  await Promise.all(
    stopped.map(async (person) => {
      const { slotId } = await person.sandbox();
      watch.waits(slotId);
      await person.ask("start");
      await person.reaches("running");
      watch.served(slotId);
      await person.stop();
    }),
  );
  const seen = await watch.end();
  expect(seen.most).toBe(CAP);
  expect(seen.longestIdle).toBeLessThan(IDLE);
  await expectAgreement();
}, 200_000);

type Waiting = { person: Owner; launchId: string };

/** All at once; the one who came last, as the server has it, is the first of the answer. */
async function launchAll(): Promise<Waiting[]> {
  const all = await Promise.all(
    people.map(async (person) => {
      const { launchId } = await person.client.launch(SKILL);
      const { createdAt } = await read({ person, launchId });
      return { person, launchId, createdAt };
    }),
  );
  return all.sort((a, b) => b.createdAt - a.createdAt);
}

/** Follows a launch to its end, as a page does. */
async function follow(
  person: Owner,
  launchId: string,
  onServed: () => void,
): Promise<Told[]> {
  const told: Told[] = [];
  for await (const { state, position } of person.client.events(launchId)) {
    if (state !== "queued") onServed();
    told.push({ state, position });
  }
  return told;
}

async function leave(waiting: Waiting): Promise<void> {
  const { person, launchId } = waiting;
  expect((await read(waiting)).state).toBe("queued");
  const cancel = `/launches/${launchId}/cancel`;
  expect((await person.client.ask("POST", cancel)).status).toBe(202);
  await person.reaches("empty");
}

/** Whoever waits comes closer, and once admitted waits no more. */
function expectDown(positions: (number | null)[]): void {
  const steps = positions.map((position) => position ?? 0);
  expect(steps).toEqual(steps.toSorted((a, b) => b - a));
}

async function expectServedInOrder(launches: Waiting[]): Promise<void> {
  const queues = await Promise.all(
    launches.map(async (launch) => {
      const { steps } = await read(launch);
      const queue = steps.find(({ name }) => name === "queue");
      return { came: queue?.startedAt ?? 0, left: queue?.endedAt ?? 0 };
    }),
  );
  const byArrival = queues.toSorted((a, b) => a.came - b.came);
  for (const [n, { came, left }] of byArrival.entries()) {
    expect(came).toBeGreaterThan(0);
    const before = byArrival.slice(0, n).filter((one) => one.came < came);
    for (const one of before) expect(one.left).toBeLessThanOrEqual(left);
  }
}

type Timed = Launch & {
  createdAt: number;
  steps: { name: string; startedAt: number; endedAt?: number }[];
};

async function read({ person, launchId }: Waiting): Promise<Timed> {
  return (await person.client.ask<Timed>("GET", `/launches/${launchId}`)).body;
}

async function launchAndStop(person: Owner): Promise<void> {
  await person.client.launchReady(SKILL);
  await person.stop();
}

/** Of those here: who was served before may have kept a sandbox. */
async function expectAgreement(): Promise<void> {
  const { orphansHealed } = await operator.sweep();
  expect(orphansHealed).toBe(0);
  const records = await Promise.all(people.map((one) => one.find()));
  const known = records.flatMap((record) => record?.sandboxId ?? []);
  const slots = records.flatMap((record) => record?.slotId ?? []);
  const made = (await operator.sandboxes()).filter(({ name }) =>
    slots.some((slot) => name.includes(slot)),
  );
  expect(made.map(({ id }) => id).sort()).toEqual(known.sort());
}

/** Looks at what the provider has for as long as somebody waits. */
class Watch {
  private readonly waiting = new Set<string>();
  private most = 0;
  private longestIdle = 0;
  private idleSince: number | null = null;
  private over = false;
  private readonly looking = this.look();

  waits(who: string): void {
    this.waiting.add(who);
  }

  served(who: string): void {
    this.waiting.delete(who);
  }

  /** The most that were live at once, and how long a place was left unused (ms). */
  async end(): Promise<{ most: number; longestIdle: number }> {
    this.over = true;
    await this.looking;
    return { most: this.most, longestIdle: this.longestIdle };
  }

  private async look(): Promise<void> {
    while (!this.over) {
      const made = await operator.sandboxes();
      // Whatever is not confirmed as switched off takes a place.
      const live = made.filter(({ state }) => state !== "stopped").length;
      this.most = Math.max(this.most, live);
      const now = performance.now();
      const idle = live < CAP && this.waiting.size > 0;
      this.idleSince = idle ? (this.idleSince ?? now) : null;
      this.longestIdle = Math.max(
        this.longestIdle,
        now - (this.idleSince ?? now),
      );
      await Bun.sleep(LOOK);
    }
  }
}
