import { describe, expect, test } from "bun:test";
import { pack, type Header } from "tar-stream";
import { Refusal } from "./errors";
import { MAX_FILES, MAX_UNPACKED_BYTES, readTar } from "./untar";

type Part = Partial<Header> & { name: string; content?: string | Buffer };

async function tarOf(...parts: Part[]): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  const collected = (async () => {
    for await (const chunk of archive) chunks.push(chunk as Buffer);
  })();
  for (const { content, ...header } of parts) {
    if (content === undefined) archive.entry(header);
    else archive.entry(header, content);
  }
  archive.finalize();
  await collected;
  return Buffer.concat(chunks);
}

/** A header with a right checksum, for what tar-stream will not write. */
function rawEntry(
  name: string,
  type: string,
  content = Buffer.alloc(0),
  linkname = "",
): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write(" ".repeat(8), 148);
  header.write(type, 156);
  header.write(linkname, 157, 100);
  header.write("ustar\0" + "00", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding]);
}

function refusal(tar: Buffer): { code: string; message: string } {
  try {
    readTar(tar);
  } catch (error) {
    if (error instanceof Refusal) {
      return { code: error.code, message: error.message };
    }
    throw error;
  }
  throw new Error("it was accepted");
}

const file = (name: string, content = "x"): Part => ({ name, content });

describe("an honest archive", () => {
  test("gives its files, folders and links", async () => {
    const tar = await tarOf(
      { name: "./", type: "directory" },
      file("./SKILL.md", "# Skill"),
      { name: "scripts/", type: "directory" },
      { name: "scripts/run.sh", mode: 0o755, content: "echo" },
      { name: "latest", type: "symlink", linkname: "scripts" },
    );
    expect(readTar(tar)).toMatchObject([
      { kind: "file", path: "SKILL.md", executable: false },
      { kind: "directory", path: "scripts" },
      { kind: "file", path: "scripts/run.sh", executable: true },
      { kind: "link", path: "latest", target: "scripts" },
    ]);
  });

  test("may have long and unicode names, which come as pax records", async () => {
    const long = `${"d".repeat(90)}/${"é".repeat(60)}.md`;
    const [entry] = readTar(await tarOf(file(long)));
    expect(entry?.path).toBe(long);
  });

  test("may name its commit in a global header, as git archive does", () => {
    const comment = Buffer.from(
      "52 comment=0123456789012345678901234567890123456789\n",
    );
    const tar = Buffer.concat([
      rawEntry("pax", "g", comment),
      rawEntry("a", "0"),
    ]);
    expect(readTar(tar)).toHaveLength(1);
  });

  test("has a hard link become a copy", () => {
    const tar = Buffer.concat([
      rawEntry("a", "0", Buffer.from("text")),
      rawEntry("b", "1", Buffer.alloc(0), "a"),
    ]);
    const [, copy] = readTar(tar);
    expect(copy).toMatchObject({ kind: "file", path: "b" });
    expect(copy?.kind === "file" && copy.content.toString()).toBe("text");
  });
});

describe("a hostile archive", () => {
  const pax = (record: string) =>
    Buffer.from(`${record.length + 4} ${record}\n`);
  const cases: [string, () => Buffer | Promise<Buffer>, RegExp][] = [
    ["an absolute path", () => rawEntry("/etc/passwd", "0"), /absolute/],
    ["..", () => rawEntry("a/../../b", "0"), /leaves/],
    ["a control character", () => rawEntry("a\u001bb", "0"), /control/],
    [
      "a name that is not UTF-8",
      () => {
        const entry = rawEntry("zz", "0");
        entry[0] = 0xff;
        entry.write(" ".repeat(8), 148);
        const sum = entry
          .subarray(0, 512)
          .reduce((total, byte) => total + byte, 0);
        entry.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
        return entry;
      },
      /UTF-8/,
    ],
    ["a character device", () => rawEntry("dev", "3"), /device/],
    ["a block device", () => rawEntry("dev", "4"), /device/],
    ["a fifo", () => rawEntry("dev", "6"), /device/],
    ["a sparse file", () => rawEntry("s", "S"), /special/],
    [
      "a hard link out",
      () => rawEntry("b", "1", Buffer.alloc(0), "../a"),
      /leaves/,
    ],
    [
      "a hard link to what is not there",
      () => rawEntry("b", "1", Buffer.alloc(0), "/etc/passwd"),
      /absolute/,
    ],
    ["a file twice", () => tarOf(file("a"), file("./a")), /twice/],
    [
      "a file and a folder of one name",
      () => tarOf(file("a"), { name: "a", type: "directory" }),
      /twice/,
    ],
    ["a file under a file", () => tarOf(file("a"), file("a/b")), /no folder/],
    [
      "a file under a link",
      () => tarOf({ name: "a", type: "symlink", linkname: "b" }, file("a/b")),
      /no folder/,
    ],
    [
      "a pax path that leaves",
      () =>
        Buffer.concat([
          rawEntry("p", "x", pax("path=../../x")),
          rawEntry("a", "0"),
        ]),
      /leaves/,
    ],
    [
      "a pax size",
      () =>
        Buffer.concat([rawEntry("p", "x", pax("size=99")), rawEntry("a", "0")]),
      /size/,
    ],
    [
      "a global pax path",
      () =>
        Buffer.concat([rawEntry("p", "g", pax("path=b")), rawEntry("a", "0")]),
      /every path/,
    ],
    [
      "a garbled pax record",
      () =>
        Buffer.concat([
          rawEntry("p", "x", Buffer.from("999 path=a\n")),
          rawEntry("a", "0"),
        ]),
      /garbled/,
    ],
    [
      "a long name that leaves",
      () =>
        Buffer.concat([
          rawEntry("L", "L", Buffer.from("../../x\0")),
          rawEntry("a", "0"),
        ]),
      /leaves/,
    ],
    [
      "a wrong checksum",
      async () => {
        const tar = await tarOf(file("a"));
        tar[0] = 98;
        return tar;
      },
      /damaged/,
    ],
    [
      "an end in the middle",
      async () => (await tarOf(file("a", "x".repeat(600)))).subarray(0, 700),
      /middle/,
    ],
    ["a depth of 33", () => tarOf(file(`${"a/".repeat(32)}b`)), /too deep/],
  ];
  for (const [what, make, message] of cases) {
    test(`with ${what} is refused`, async () => {
      const answer = refusal(await make());
      expect(answer.code).toBe("archive_hostile");
      expect(answer.message).toMatch(message);
    });
  }
});

describe("caps", () => {
  test("1,000 files pass, one more is too large", async () => {
    const files = Array.from({ length: MAX_FILES }, (_, at) => file(`f${at}`));
    expect(readTar(await tarOf(...files))).toHaveLength(MAX_FILES);
    const over = refusal(await tarOf(...files, file("one-more")));
    expect(over.code).toBe("archive_too_large");
  });

  test("25 MiB pass, one more byte is too large", async () => {
    const half = Buffer.alloc(MAX_UNPACKED_BYTES / 2);
    const tar = [file("a"), file("b")].map((part) => ({
      ...part,
      content: half,
    }));
    expect(readTar(await tarOf(...tar))).toHaveLength(2);
    expect(refusal(await tarOf(...tar, file("c"))).code).toBe(
      "archive_too_large",
    );
  });
});
