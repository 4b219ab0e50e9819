import type { GenericMutationCtx } from "convex/server";
import type { DataModel, Id } from "../../convex/_generated/dataModel";
import { createBackend, type Backend } from "../../emulators/backend";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { convexModules } from "../conformance/convex-modules";
import { enter } from "./install";
import { checkLiveness, checkSafety, Violation } from "./invariants";
import { Dice } from "./random";
import { digestOf, World } from "./world";

/** One seeded run of users, tabs, a disturbed provider and dying workers. */

const SKILLS = 5;
const USERS = 3;
const MINUTE = 60_000;

export type Story = { seed: number; lines: string[]; world: World };

export class Failed extends Error {
  constructor(
    readonly story: Story,
    readonly violation: Error,
  ) {
    super(
      `seed ${story.seed}: ${violation.message}\n${story.lines.slice(-90).join("\n")}`,
    );
  }
}

type Ctx = GenericMutationCtx<DataModel>;

export async function simulate(seed: number, events = 100): Promise<Story> {
  const world = new World(seed);
  const story: Story = { seed, lines: [], world };
  const { backend, clock } = await open(world);
  try {
    await play(backend, clock, world, story, events);
    return story;
  } catch (error) {
    throw new Failed(
      story,
      error instanceof Error ? error : new Error(String(error)),
    );
  } finally {
    await backend.close();
  }
}

/** The product's functions on a virtual clock, in a world of their own. */
export async function open(
  world: World,
): Promise<{ backend: Backend; clock: VirtualClock }> {
  enter(world);
  const clock = new VirtualClock();
  const backend = await createBackend({
    functions: modules(),
    config: `${import.meta.dir}/../../convex/convex.config.ts`,
    data: ":memory:",
    clock,
    seed: String(world.seed),
    env: ENV,
    log: () => {}, // workers die by design; the story tells what matters
  });
  await seedSkills(backend);
  return { backend, clock };
}

const ENV = {
  SLIPWAY_MODE: "embedded",
  DAYTONA_API_URL: "http://sim.test/api",
  DAYTONA_API_KEY: "simulated",
  SLIPWAY_SEAL_KEYS: "simulated",
  SLIPWAY_GIT_HOSTS: "[]",
};

/** The product's own modules, except that nothing is fetched from git. */
function modules() {
  return Object.fromEntries(
    Object.entries(convexModules()).map(([path, load]) => [
      path.slice(path.lastIndexOf("/convex/") + "/convex/".length),
      load as () => Promise<Record<string, unknown>>,
    ]),
  );
}

async function play(
  backend: Backend,
  clock: VirtualClock,
  world: World,
  story: Story,
  events: number,
): Promise<void> {
  const dice = new Dice(story.seed);
  const look = (check: (ctx: Ctx, world: World) => Promise<void>) =>
    backend.transaction((ctx) => check(ctx as unknown as Ctx, world));
  const tell = (line: string) =>
    story.lines.push(
      `${((clock.now() - START) / 1_000).toFixed(1)} s  ${line}`,
    );
  const START = clock.now();
  world.weather = dice.pick([0, 0.05, 0.15, 0.3]);
  tell(`weather ${world.weather}`);
  for (let i = 0; i < events; i++) {
    tell(await event(backend, clock, world, dice));
    await clock.advance(dice.pick([0, 10, 300, 2_000, 15_000]));
    await look(checkSafety);
  }
  world.weather = 0;
  tell("the weather clears");
  for (let minute = 0; minute < 40; minute++) {
    await clock.advance(MINUTE);
    await look(checkSafety);
  }
  try {
    await look(checkLiveness);
  } catch (error) {
    const rows = await backend.transaction(async (ctx) => ({
      slots: await ctx.db.query("slots").collect(),
      remotes: await ctx.db.query("remotes").collect(),
    }));
    for (const row of [...rows.slots, ...rows.remotes])
      tell(JSON.stringify(row));
    for (const box of world.live()) tell(JSON.stringify({ ...box, disk: [] }));
    throw error;
  }
}

async function seedSkills(backend: Backend): Promise<void> {
  for (let i = 0; i < SKILLS; i++) {
    const content = `skill ${i}`;
    const url = (await backend.transaction((ctx) =>
      ctx.storage.generateUploadUrl(),
    )) as string;
    const stored = await fetch(url, { method: "POST", body: content });
    const { storageId } = (await stored.json()) as {
      storageId: Id<"_storage">;
    };
    await backend.transaction(async (ctx) => {
      await (ctx as unknown as Ctx).db.insert("skills", {
        key: keyOf(i),
        host: "sim",
        owner: "o",
        repo: "r",
        path: `s${i}`,
        sha: SHA,
        name: `s${i}`,
        description: "A skill.",
        body: "",
        files: [],
        totalBytes: content.length,
        digest: digestOf(content),
        findings: [],
        link: `/o/r/s${i}`,
        storageId,
      });
    });
  }
}

export const SHA = "a".repeat(40);
export const keyOf = (i: number) => `sim/o/r/s${i}`;

async function event(
  backend: Backend,
  clock: VirtualClock,
  world: World,
  dice: Dice,
): Promise<string> {
  const user = dice.between(1, USERS);
  const options = {
    identity: {
      subject: `u${user}`,
      issuer: "sim",
      tokenIdentifier: `sim|u${user}`,
    },
  };
  const what = dice.pick([
    "launch",
    "launch",
    "launch",
    "tabs",
    "cancel",
    "stop",
    "start",
    "remove",
    "auto-stop",
    "vanish",
    "daemon",
  ] as const);
  switch (what) {
    case "launch":
    case "tabs": {
      const skill = dice.between(0, SKILLS - 1);
      const tabs = what === "tabs" ? 4 : 1;
      await Promise.all(
        Array.from({ length: tabs }, (_, tab) =>
          backend.run(
            "launches:request",
            {
              skillKey: keyOf(skill),
              sha: SHA,
              clientId: `${clock.now()}-${tab}-${dice.next()}`,
            },
            options,
          ),
        ),
      );
      return `u${user} launches s${skill} from ${tabs} tabs`;
    }
    case "cancel": {
      const launches = (await backend.run("launches:recent", {}, options)) as {
        launchId: string;
        state: string;
      }[];
      const active = launches.find(
        ({ state }) => !["ready", "failed", "cancelled"].includes(state),
      );
      if (!active) return `u${user} has nothing to cancel`;
      const { launchId } = active;
      await backend.run("launches:cancel", { launchId }, options);
      return `u${user} cancels ${active.state}`;
    }
    case "stop":
    case "start":
    case "remove": {
      const [slot] = (await backend.run("sandboxes:list", {}, options)) as {
        slotId: string;
        state: { status: string };
      }[];
      if (!slot) return `u${user} has no sandbox to ${what}`;
      try {
        await backend.run(
          `sandboxes:${what}`,
          { slotId: slot.slotId },
          options,
        );
        return `u${user} ${what}s while ${slot.state.status}`;
      } catch (error) {
        if (!(error instanceof Error) || !("data" in error)) throw error;
        return `u${user} may not ${what} while ${slot.state.status}`;
      }
    }
    default:
      return disturb(what, world, dice);
  }
}

/** What the provider does by itself. */
function disturb(
  what: "auto-stop" | "vanish" | "daemon",
  world: World,
  dice: Dice,
): string {
  const started = world.live().filter((box) => box.state === "started");
  if (started.length === 0) return `${what}: nothing runs`;
  const box = dice.pick(started);
  if (what === "auto-stop") world.stop(box);
  else if (what === "daemon") world.boot(box);
  else box.state = "destroyed";
  return `${what}: ${box.name}`;
}

export { Violation };
