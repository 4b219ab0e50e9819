import { createHash } from "node:crypto";
import { changed, contentOf, type KeptEntry } from "./listing";
import type { BytePath } from "./parts";

const BLOCK = 512;
/** Smaller files go out in one piece with their header. */
const SMALL = 64 * 1024;
const NAME_BYTES = 100;

/**
 * The entries as a tar archive. Throws when a file is no longer what `hashes`
 * says, after its bytes and before the next: the archive is cut, never wrong.
 */
export async function* writeTar(
  root: string,
  entries: KeptEntry[],
  hashes: Map<BytePath, string>,
): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    let pending = [headerOf(entry)];
    if (entry.kind === "file") {
      const hash = createHash("sha256");
      for await (const chunk of contentOf(root, entry, hash)) {
        pending.push(chunk);
        if (entry.size < SMALL) continue;
        yield Buffer.concat(pending);
        pending = [];
      }
      if (hash.digest("hex") !== hashes.get(entry.path)) throw changed();
      pending.push(padding(entry.size));
    }
    yield Buffer.concat(pending);
  }
  yield Buffer.alloc(2 * BLOCK);
}

const TYPES = { file: "0", folder: "5", link: "2" } as const;

function headerOf(entry: KeptEntry): Buffer {
  const { kind, path, target } = entry;
  const name = kind === "folder" ? `${path}/` : path;
  return Buffer.concat([
    ...(name.length > NAME_BYTES ? longName("L", name) : []),
    ...(target.length > NAME_BYTES ? longName("K", target) : []),
    block(TYPES[kind], name, target, entry),
  ]);
}

/** GNU's form, for it holds any bytes; pax records are UTF-8 by definition. */
function longName(type: "L" | "K", name: BytePath): Buffer[] {
  const content = Buffer.from(`${name}\0`, "latin1");
  const size = content.length;
  const header = block(type, "././@LongLink", "", { mode: 0, mtime: 0, size });
  return [header, content, padding(size)];
}

function block(
  type: string,
  name: BytePath,
  target: BytePath,
  { mode, mtime, size }: Pick<KeptEntry, "mode" | "mtime" | "size">,
): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  header.write(name.slice(0, NAME_BYTES), 0, "latin1");
  octal(mode, 100, 8);
  octal(0, 108, 8); // whose they are is decided where they are restored
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.min(Math.max(mtime, 0), 8 ** 11 - 1), 136, 12);
  header.write(" ".repeat(8), 148, "latin1");
  header.write(type, 156, "latin1");
  header.write(target.slice(0, NAME_BYTES), 157, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
