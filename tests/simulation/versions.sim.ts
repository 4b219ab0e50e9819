import { expect, setDefaultTimeout, test } from "bun:test";
import type { Doc, Id } from "../../convex/_generated/dataModel";
import { retireVersions } from "../../convex/lifecycle/versions";
import { keyOf } from "./scene";
import { MINUTE, scene, SECOND, type Scene } from "./use";
import { digestOf } from "./world";

/** A sandbox that has gathered hundreds of old versions of skills loses them a few at a time. */

setDefaultTimeout(60_000); // for a busy machine

const OLD = 300;
/** RETIRED_AT_ONCE of lifecycle/versions. */
const AT_ONCE = 10;

/** The sandbox has that many older versions of its first skill, listed and on its disk. */
async function gather(scene: Scene, { contents = OLD } = {}): Promise<void> {
  const [box] = scene.world.live();
  if (!box) throw new Error("There is no box.");
  const contentOf = (i: number) => `old ${i % contents}`;
  await scene.tx(async (ctx) => {
    const listed = await ctx.db.query("installedSkills").first();
    if (!listed) throw new Error("Nothing is listed.");
    const { _id, _creationTime, ...row } = listed;
    for (let i = 0; i < OLD; i++) {
      const digest = digestOf(contentOf(i));
      const name = `${row.skillKey} ${digest}`;
      box.disk.add(name);
      box.installs.set(name, digest);
      const version = { sha: `old ${i}`, digest, installId: digest };
      await ctx.db.insert("installedSkills", {
        ...{ ...row, ...version, knownSince: i },
      });
    }
  });
}

async function retire(scene: Scene): Promise<void> {
  await scene.tx(async (ctx) => {
    const slot = await ctx.db.query("slots").first();
    if (slot) await retireVersions(ctx, slot._id);
  });
}

const removals = async (scene: Scene) => {
  const flights = (await scene.rows("installs")) as Doc<"installs">[];
  return flights.filter(({ removes }) => removes).length;
};

/** All old ones have gone from the list and from the disk. */
async function expectNewestOnly(scene: Scene, skills: number): Promise<void> {
  const listed = await scene.rows("installedSkills");
  expect(listed).toHaveLength(skills);
  expect(scene.world.live()[0]?.disk.size).toBe(skills);
  expect(await scene.rows("installs")).toEqual([]);
}

test("a skill is installed beside hundreds of old versions, which go some at a time", () =>
  scene(async (scene) => {
    await scene.launch();
    await gather(scene);
    const launch = await scene.launch({ skill: 1, settle: false });
    let most = 0;
    for (let passed = 0; passed < 3 * MINUTE; passed += SECOND / 2) {
      await scene.pass(SECOND / 2);
      most = Math.max(most, await removals(scene));
    }
    expect(await scene.launchOf(launch)).toMatchObject({ state: "ready" });
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(AT_ONCE);
    await expectNewestOnly(scene, 2);
    expect(scene.world.calls.get("DELETE /skills")).toBe(OLD);
  }));

test("those whose folder another version shares go from the list with it", () =>
  scene(async (scene) => {
    await scene.launch();
    await gather(scene, { contents: 3 });
    await retire(scene);
    await scene.pass(MINUTE);
    await expectNewestOnly(scene, 1);
    expect(scene.world.calls.get("DELETE /skills")).toBe(3);
  }));

test("removals that are refused hold up nothing that is to go after them", () =>
  scene(async (scene) => {
    await scene.launch();
    await gather(scene);
    const [box] = scene.world.live();
    box?.installs.clear(); // each says that somebody has installed it anew
    await retire(scene);
    await scene.pass(3 * MINUTE);
    expect(await scene.rows("installedSkills")).toHaveLength(1);
    expect(await scene.rows("installs")).toEqual([]);
    expect(scene.world.calls.get("DELETE /skills")).toBe(OLD);
  }));

test("a version that a conversation is about stays among those that go", () =>
  scene(async (scene) => {
    const { sessionId } = await scene.launch();
    await gather(scene);
    const used = ["old 0", "old 17"];
    await scene.tx(async (ctx) => {
      const id = sessionId as Id<"sessions">;
      const session = await ctx.db.get("sessions", id);
      if (!session) throw new Error("There is no such session.");
      const { _id, _creationTime, ...about } = session;
      for (const sha of used)
        await ctx.db.insert("sessions", { ...about, sha });
    });
    await retire(scene);
    await scene.pass(3 * MINUTE);
    const left = (await scene.rows("installedSkills")).map((row) => row.sha);
    expect(left).toEqual(expect.arrayContaining(used));
    expect(left).toHaveLength(used.length + 1);
    expect((await scene.rows("installedSkills"))[0]?.skillKey).toBe(keyOf(0));
  }));

test("a folder that two versions share goes with the last of them, whichever it is", () =>
  scene(async (scene) => {
    const contents = { b: "same", c: "same", d: "changed" };
    const conversations: Record<string, string> = {};
    for (const [name, content] of Object.entries(contents)) {
      const sha = await scene.publish(0, name.repeat(40), content);
      conversations[name] = (await scene.launch({ sha })).sessionId;
    }
    for (const name of ["c", "b"]) {
      const sessionId = conversations[name] ?? "";
      await scene.call("sessions:remove", { sessionId });
      await scene.pass(MINUTE);
    }
    await expectNewestOnly(scene, 1);
  }));
