import { afterEach, beforeEach, expect, test } from "bun:test";
import type { GenericMutationCtx } from "convex/server";
import type { DataModel } from "../../convex/_generated/dataModel";
import { directDatabase, libraryDatabase } from "./direct";
import { installWorld } from "./stand-ins";

const library = libraryDatabase();
const direct = directDatabase(library);
installWorld({ direct: true });
const { simulate } = await import("./run");
const { Stage, SKILLS, keyOf, SHA } = await import("./stage");
const { World } = await import("./world");

type Db = GenericMutationCtx<DataModel>["db"];

let stage: Awaited<ReturnType<typeof Stage.open>>;
// Each with its own: all stages of a process share one file.
beforeEach(async () => {
  stage = await Stage.open(new World(1));
});
afterEach(() => stage.close());

/** What some work comes to by the one and by the other, each in a transaction. */
async function both(work: (db: Db) => Promise<unknown>) {
  const by = (made: { setupWriter(): unknown }) =>
    stage.transaction(async () => {
      try {
        return (await work(made.setupWriter() as Db)) as never;
      } catch (error) {
        return { refused: (error as Error).message.split("\n")[0] } as never;
      }
    });
  const answer: unknown = await by(direct);
  expect(answer).toEqual(await by(library));
  return answer;
}

const skills = (db: Db) => db.query("skills");

test("reads are what the library's are", async () => {
  expect(await both((db) => skills(db).collect())).toHaveLength(SKILLS);
  expect(
    await both((db) =>
      skills(db).withIndex("by_key_and_sha").order("desc").take(2),
    ),
  ).toHaveLength(2);
  const exact = await both((db) =>
    skills(db)
      .withIndex("by_key_and_sha", (q) => q.eq("key", keyOf(1)).eq("sha", SHA))
      .unique(),
  );
  expect(exact).toMatchObject({ name: "s1" });
  expect(
    await both((db) =>
      skills(db)
        .withIndex("by_key_and_sha", (q) =>
          q.gt("key", keyOf(1)).lte("key", keyOf(3)),
        )
        .collect(),
    ),
  ).toHaveLength(2);
  expect(
    await both((db) =>
      skills(db)
        .withIndex("by_key_and_sha", (q) =>
          q.gte("key", keyOf(1)).lt("key", keyOf(3)),
        )
        .first(),
    ),
  ).toMatchObject({ name: "s1" });
  expect(
    await both((db) =>
      skills(db)
        .withIndex("by_key_and_sha", (q) => q.eq("key", "none"))
        .first(),
    ),
  ).toBeNull();
  await both(async (db) => {
    const seen: string[] = [];
    for await (const { name } of skills(db)) seen.push(name);
    return seen;
  });
  const page = await both((db) =>
    skills(db).order("desc").paginate({ numItems: 2, cursor: null }),
  );
  expect(page).toMatchObject({ isDone: false });
  await both(async (db) => {
    const one = await skills(db).first();
    const id = one?._id ?? ("" as never);
    return [
      await db.get("skills", id),
      await db.get(id),
      db.normalizeId("skills", id),
      db.normalizeId("slots", id),
      await db.system.query("_storage").collect(),
    ];
  });
});

test("writes are what the library's are, and both refuse the same", async () => {
  const written = await both(async (db) => {
    const one = await skills(db).first();
    const { _id, _creationTime, ...rest } = one ?? ({} as never);
    const id = await db.insert("skills", {
      ...rest,
      key: "made",
      secrets: undefined,
    });
    await db.patch(id, { name: "patched", findings: undefined as never });
    const refused = await db.get(id);
    return { ...refused, _id: "", _creationTime: 0 };
  });
  // A required field cannot be taken out.
  expect(written).toHaveProperty("refused");
  const changed = await both(async (db) => {
    const one = await skills(db).first();
    const { _id, _creationTime, ...rest } = one ?? ({} as never);
    const id = await db.insert("skills", { ...rest, key: "made" });
    await db.patch("skills", id, { name: "patched", secrets: ["A"] as never });
    const patched = await db.get(id);
    await db.replace(id, { ...rest, key: "made again" });
    const replaced = await db.get(id);
    await db.delete(id);
    return [patched, replaced].map((row) => ({
      ...row,
      _id: "",
      _creationTime: 0,
    }));
  });
  expect(changed).toMatchObject([{ name: "patched" }, { key: "made again" }]);
  await both((db) => db.get("nobody" as never));
  await both((db) =>
    skills(db)
      .withIndex("by_nothing" as never)
      .collect(),
  );
  await both((db) => skills(db).unique());
  await both(async (db) =>
    db.delete((await skills(db).first())?._id.slice(1) as never),
  );
});

test("what is read cannot be changed in place", async () => {
  await stage.transaction(async ({ db }) => {
    const one = await skills(db).first();
    expect(() => one?.findings.push({} as never)).toThrow(TypeError);
  });
});

test("seeds keep every invariant this way too", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { violation } = await simulate(seed);
    expect(violation?.message ?? "").toBe("");
  }
}, 60_000);
