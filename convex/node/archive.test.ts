import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import { digestFiles } from "../model/digest";
import { toFailure } from "../model/errors";
import { SKILL_LIMITS } from "../model/skills/archive";
import { extractSkill, packSkill } from "./archive";
import { listArchive, loadSkill } from "./repository";

let folder: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-archive-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Item = {
  name: string;
  content?: string | Uint8Array;
  type?:
    "file" | "symlink" | "link" | "fifo" | "character-device" | "directory";
  linkname?: string;
  mode?: number;
};

const SKILL = "---\nname: s\ndescription: d\n---\nBody\n";

async function tarball(items: Item[]): Promise<Uint8Array> {
  const tar = pack();
  const chunks: Uint8Array[] = [];
  const collected = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  })();
  for (const { content = "", ...header } of items) {
    tar.entry(header, Buffer.from(content));
  }
  tar.finalize();
  await collected;
  return gzipSync(Buffer.concat(chunks));
}

async function archive(items: Item[] | Uint8Array): Promise<string> {
  const file = join(folder, `${made++}.tar.gz`);
  await Bun.write(file, Array.isArray(items) ? await tarball(items) : items);
  return file;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return toFailure(error).code;
  }
  return "none";
}

const skill = { name: "r-1/skills/s/SKILL.md", content: SKILL };
const load = async (items: Item[] | Uint8Array, path = "skills/s") =>
  loadSkill(await archive(items), path, "r");

describe("a skill of an archive", () => {
  test("its files, with sizes and the executable bit, and nothing else's", async () => {
    const loaded = await load([
      { name: "r-1/", type: "directory" },
      { name: "r-1/README.md", content: "x" },
      { name: "r-1/skills/s2/SKILL.md", content: SKILL },
      skill,
      { name: "r-1/skills/s/run.sh", content: "echo", mode: 0o755 },
    ]);
    expect(loaded.files).toEqual([
      { path: "SKILL.md", size: SKILL.length, executable: false },
      { path: "run.sh", size: 4, executable: true },
    ]);
    expect(loaded.totalBytes).toBe(SKILL.length + 4);
    expect(loaded.manifest.name).toBe("s");
  });

  test("the packed form unpacks to what the digest says", async () => {
    const { packed, digest, files } = await load([
      skill,
      { name: `r-1/skills/s/${"long/".repeat(30)}ü.txt`, content: "y" },
      { name: "r-1/skills/s/run", content: "echo", mode: 0o755 },
    ]);
    const unpacked = extract();
    unpacked.end(gunzipSync(packed));
    const found = [];
    for await (const entry of unpacked) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      const { name, mode } = entry.header;
      const executable = (mode & 0o100) !== 0;
      found.push({ path: name, executable, content: Buffer.concat(chunks) });
    }
    expect(await digestFiles(found)).toBe(digest);
    expect(found.map((f) => f.path)).toEqual(files.map((f) => f.path));
  });

  test("packing the same files twice gives the same bytes", async () => {
    const files = ["b", "a"].map((path) => ({
      path,
      executable: false,
      content: Buffer.from(path),
    }));
    const first = await packSkill(files);
    expect((await packSkill(files.toReversed())).equals(first)).toBe(true);
  });

  test("odd names elsewhere in the repository are none of its concern", async () => {
    const odd = ["Icon\r", "back\\slash", "\u202egpj", "a\u200bb"];
    const items = odd.map((name) => ({ name: `r-1/docs/${name}` }));
    const loaded = await load([...items, skill]);
    expect(loaded.files.map((file) => file.path)).toEqual(["SKILL.md"]);
    const file = await archive([...items, skill]);
    expect(await listArchive(file, "r")).toHaveLength(1);
  });

  test("names that people's machines give are kept", async () => {
    const names = [
      "Screenshot 9.41\u202fAM.png",
      "\u{1f469}\u200d\u{1f4bb}.md",
      "\u0645\u06cc\u200c\u062e.md",
    ];
    const items = names.map((name) => ({ name: `r-1/skills/s/${name}` }));
    const link = {
      name: "r-1/skills/s/shot.png",
      type: "symlink" as const,
      linkname: "Screenshot 9.41\u202fAM.png",
    };
    const { files } = await load([skill, ...items, link]);
    const paths = files.map((file) => file.path).sort();
    expect(paths).toEqual(["SKILL.md", "shot.png", ...names].sort());
  });

  test("a repository that is one skill: all but git's own", async () => {
    const loaded = await load(
      [
        { name: "r-1/skill.md", content: SKILL },
        { name: "r-1/.git/config", content: "x" },
        { name: "r-1/scripts/a", content: "x" },
      ],
      "",
    );
    expect(loaded.files.map((f) => f.path).sort()).toEqual([
      "SKILL.md",
      "scripts/a",
    ]);
    expect(loaded.manifest.findings.map((f) => f.message).join()).toContain(
      "installed as SKILL.md",
    );
  });

  test("a link to a file of the folder becomes that file", async () => {
    const loaded = await load([
      skill,
      { name: "r-1/skills/s/a/x", content: "target", mode: 0o755 },
      { name: "r-1/skills/s/b/y", type: "symlink", linkname: "../a/x" },
      { name: "r-1/skills/s/z", type: "symlink", linkname: "b/y" },
      { name: "r-1/skills/s/gone", type: "symlink", linkname: "nothing" },
    ]);
    expect(loaded.files.slice(1)).toEqual([
      { path: "a/x", size: 6, executable: true },
      { path: "b/y", size: 6, executable: true },
      { path: "z", size: 6, executable: true },
    ]);
    expect(loaded.manifest.findings).toHaveLength(1);
  });

  test("a listing says which SKILL.md cannot be used", async () => {
    const file = await archive([
      skill,
      { name: "r-1/skills/bad/SKILL.md", content: "no frontmatter" },
      { name: "r-1/node_modules/x/SKILL.md", content: SKILL },
    ]);
    const listed = await listArchive(file, "r");
    expect(listed.map((s) => [s.path, s.description])).toEqual([
      ["skills/bad", ""],
      ["skills/s", "d"],
    ]);
    expect(await codeOf(loadSkill(file, "skills/bad", "r"))).toBe(
      "skill_invalid",
    );
  });
});

describe("hostile archives are refused", () => {
  const hostile: [string, Item[]][] = [
    ["an absolute path", [{ name: "/etc/passwd" }]],
    ["a path that climbs", [{ name: "r-1/skills/s/../../../x" }]],
    ["a path with a backslash", [{ name: "r-1/skills/s/a\\b" }]],
    ["a path with control characters", [{ name: "r-1/skills/s/a\u001b[2Jb" }]],
    ["a path that turns text round", [{ name: "r-1/skills/s/\u202egpj.sh" }]],
    ["a path with an invisible character", [{ name: "r-1/skills/s/a\u200b" }]],
    [
      "a link of endless length",
      [
        {
          name: "r-1/skills/s/l",
          type: "symlink",
          linkname: "./".repeat(2_100) + "SKILL.md",
        },
      ],
    ],
    ["a path too deep", [{ name: `r-1/skills/s/${"d/".repeat(40)}x` }]],
    ["a device", [{ name: "r-1/dev", type: "character-device" }]],
    ["a pipe", [{ name: "r-1/pipe", type: "fifo" }]],
    ["a hard link", [{ name: "r-1/h", type: "link", linkname: "/etc/passwd" }]],
    [
      "a link out of the folder",
      [
        {
          name: "r-1/skills/s/l",
          type: "symlink",
          linkname: "../../README.md",
        },
      ],
    ],
    [
      "an absolute link",
      [{ name: "r-1/skills/s/l", type: "symlink", linkname: "/etc/passwd" }],
    ],
    [
      "a link by way of another",
      [
        { name: "r-1/skills/s/a/l", type: "symlink", linkname: "../m" },
        { name: "r-1/skills/s/m", type: "symlink", linkname: "../../../x" },
      ],
    ],
    [
      "a file below a link",
      [
        { name: "r-1/skills/s/d", type: "symlink", linkname: "." },
        { name: "r-1/skills/s/d/x", content: "x" },
      ],
    ],
    [
      "one path twice",
      [
        { name: "r-1/skills/s/x", content: "1" },
        { name: "r-1/skills/s/x", content: "2" },
      ],
    ],
  ];
  test.each(hostile)("%s", async (_what, items) => {
    expect(await codeOf(load([skill, ...items]))).toBe("archive_hostile");
  });

  test("a refusal names the path and the link as they can be shown", async () => {
    const messageOf = (item: Item): Promise<string> =>
      load([skill, item]).then(
        () => "",
        (error) => toFailure(error).message,
      );
    expect(await messageOf({ name: "r-1/skills/s/Icon\r" })).toContain(
      'The skill has a file whose name has control or invisible characters, or a backslash: "Icon\\r"',
    );
    const turned = await messageOf({ name: "r-1/skills/s/\u202egpj" });
    expect(turned).toContain('"\\u202egpj"');
    const leaving = await messageOf({
      name: "r-1/skills/s/l",
      type: "symlink",
      linkname: "/" + "x".repeat(4_000),
    });
    expect(leaving.length).toBeLessThan(400);
  });

  test("links that go round are left out, not followed for ever", async () => {
    const loaded = await load([
      skill,
      { name: "r-1/skills/s/a", type: "symlink", linkname: "b" },
      { name: "r-1/skills/s/b", type: "symlink", linkname: "a" },
    ]);
    expect(loaded.files).toHaveLength(1);
  });
});

describe("archives that are too large or broken", () => {
  test("more files than a skill may have", async () => {
    const items = Array.from({ length: SKILL_LIMITS.files }, (_, i) => ({
      name: `r-1/skills/s/${i}`,
    }));
    expect(await codeOf(load([skill, ...items]))).toBe("archive_too_large");
    expect(await codeOf(load([skill, ...items.slice(1)]))).toBe("none");
  });

  test("more bytes than a skill may have, packed small", async () => {
    const half = Buffer.alloc(SKILL_LIMITS.unpackedBytes / 2 + 1);
    const items = [
      skill,
      { name: "r-1/skills/s/a", content: half },
      { name: "r-1/skills/s/b", content: half },
    ];
    expect(await codeOf(load(items))).toBe("archive_too_large");
    // The same bytes elsewhere in the repository are none of the skill's.
    const elsewhere = items.map((item) => ({
      ...item,
      name: item.name.replace("/s/a", "/t/a").replace("/s/b", "/t/b"),
    }));
    expect(await codeOf(load(elsewhere))).toBe("none");
  });

  test("a link that multiplies a large file", async () => {
    const large = Buffer.alloc(SKILL_LIMITS.unpackedBytes / 2);
    const links = ["b", "c"].map((name) => ({
      name: `r-1/skills/s/${name}`,
      type: "symlink" as const,
      linkname: "a",
    }));
    const items = [{ name: "r-1/skills/s/a", content: large }, ...links];
    expect(await codeOf(load([skill, ...items]))).toBe("archive_too_large");
  });

  test("bytes that do not compress", async () => {
    const noise = new Uint8Array(SKILL_LIMITS.packedBytes + 1024);
    for (let i = 0; i < noise.length; i += 65_536) {
      crypto.getRandomValues(noise.subarray(i, i + 65_536));
    }
    const item = { name: "r-1/skills/s/noise", content: noise };
    expect(await codeOf(load([skill, item]))).toBe("archive_too_large");
  });

  test("cut off, not gzip, gzip of something else, empty", async () => {
    const whole = await tarball([skill, { name: "r-1/x", content: "x" }]);
    for (const bytes of [
      whole.subarray(0, whole.length - 40),
      Buffer.from("<html>"),
      gzipSync(Buffer.from("x".repeat(2000))),
      new Uint8Array(),
    ]) {
      const file = await archive(bytes);
      expect(await codeOf(listArchive(file, "r"))).toBe("repo_unreachable");
    }
  });

  test("a reader that stops early leaves nothing running", async () => {
    const big = Buffer.alloc(4 * 1024 * 1024);
    const file = await archive([
      { name: "/absolute" },
      { name: "r-1/big", content: big },
    ]);
    expect(await codeOf(extractSkill(file, ""))).toBe("archive_hostile");
  });
});
