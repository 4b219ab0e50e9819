import type { Value } from "convex/values";
import type { api } from "../../convex/_generated/api";
import type { Id } from "../../convex/_generated/dataModel";
import type { MutationCtx } from "../../convex/_generated/server";
import { AUTO_STOP } from "../../convex/model/timing";
import { keyOf, open, SHA } from "./scene";
import { installWorld } from "./stand-ins";
import { digestOf, World } from "./world";

/** Scenes of one person with a sandbox, which the provider stops when nobody uses it. */

installWorld();

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

type Sandbox = (typeof api.sandboxes.list)["_returnType"][number];
type Launch = NonNullable<(typeof api.launches.get)["_returnType"]>;
type Made = { launchId: string; sessionId: string };
type Args = Record<string, Value>;

export type Scene = {
  world: World;
  now(): number;
  pass(ms: number): Promise<void>;
  /** Lets time pass until there is something, for a minute at most. */
  until<T>(look: () => Promise<T | null | undefined | false>): Promise<T>;
  call(path: string, args: Args, user?: string): Promise<unknown>;
  /** Asks for a launch and, unless told otherwise, gives it 20 s. */
  launch(options?: {
    skill?: number;
    sha?: string;
    settle?: boolean;
  }): Promise<Made>;
  launchOf(launch: { launchId: string }): Promise<Launch>;
  newestOf(sessionId: string): Promise<Launch>;
  sandboxes(): Promise<Sandbox[]>;
  rows(table: string): Promise<Record<string, unknown>[]>;
  tx<T>(work: (ctx: MutationCtx) => Promise<T>): Promise<T>;
  /** Another commit of a skill, as if its page had been opened. */
  publish(skill: number, sha: string, content: string): Promise<string>;
};

export async function scene(
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const world = new World(1);
  const { backend, clock } = await open(world);
  const call: Scene["call"] = (path, args, user = "u1") =>
    backend.run(path, args, { identity: { subject: user } });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= MINUTE) {
      await clock.advance(Math.min(left, MINUTE));
      for (const box of world.live()) {
        const idle = world.clock.now() - box.activeAt;
        if (box.state === "started" && idle > AUTO_STOP) world.stop(box);
      }
    }
  };
  let asked = 0;
  try {
    await play({
      world,
      call,
      pass,
      now: () => world.clock.now(),
      until: async (look) => {
        for (let waited = 0; waited < 2 * MINUTE; waited += 100) {
          const found = await look();
          if (found) return found;
          await clock.advance(100);
        }
        throw new Error(`Not so within two minutes: ${look.toString()}`);
      },
      launch: async ({ skill = 0, sha = SHA, settle = true } = {}) => {
        const clientId = `c${asked++}`;
        const args = { skillKey: keyOf(skill), sha, clientId };
        const made = (await call("launches:request", args)) as Made;
        if (settle) await pass(20 * SECOND);
        return made;
      },
      launchOf: ({ launchId }) =>
        call("launches:get", { launchId }) as Promise<Launch>,
      newestOf: (sessionId) =>
        call("launches:forSession", { sessionId }) as Promise<Launch>,
      sandboxes: () => call("sandboxes:list", {}) as Promise<Sandbox[]>,
      rows: (table) =>
        backend.transaction((ctx) => ctx.db.query(table as "slots").collect()),
      tx: (work) => backend.transaction((ctx) => work(ctx as MutationCtx)),
      publish: async (skill, sha, content) => {
        const storageId = (await call("simulation:store", {
          content,
        })) as Id<"_storage">;
        await clock.advance(10); // it becomes known later than the first
        await backend.transaction(async (ctx) => {
          const known = await ctx.db
            .query("skills")
            .withIndex("by_key_and_sha", (q) => q.eq("key", keyOf(skill)))
            .first();
          if (!known) throw new Error("There is no such skill.");
          const { _id, _creationTime, ...fields } = known;
          const digest = digestOf(content);
          await ctx.db.insert("skills", { ...fields, sha, storageId, digest });
        });
        return sha;
      },
    });
  } finally {
    await backend.close();
  }
}
