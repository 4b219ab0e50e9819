import { hostile } from "../archive-rules";
import { octalField, verifyChecksum } from "../tar-header";
import { isPlain, MAX_BYTES, tooMuch, type BytePath } from "./parts";

const BLOCK = 512;
const MAX_NAME_BYTES = 8_192;
/** Of a whole archive: headers, padding and long names come with the content. */
const MAX_TAR_BYTES = 3 * MAX_BYTES;

export type ReadEntry = {
  path: BytePath;
  kind: "file" | "folder" | "link";
  mode: number;
  mtime: number;
  size: number;
  target: BytePath;
  /** Of a file: to be read to its end, or not at all. */
  content: AsyncGenerator<Buffer>;
};

const KINDS = { "0": "file", "5": "folder", "2": "link" } as const;

/**
 * Reads, while it arrives, an archive such as `writeTar` makes, and nothing
 * else: no pax records, hard links or devices. Paths are plain and relative;
 * where they may be is for the caller to say. Throws `Refusal`: archive_hostile,
 * keep_too_large.
 */
export async function* readTar(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<ReadEntry> {
  const source = new Source(chunks);
  const long: { L?: BytePath; K?: BytePath } = {};
  for (;;) {
    const header = await source.take(BLOCK);
    if (header.every((byte) => byte === 0)) break;
    verifyChecksum(header);
    const size = octalField(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === "L" || type === "K") {
      if (size > MAX_NAME_BYTES) throw hostile("an oversized name");
      long[type] = bytesIn(await source.take(size));
      await source.take(paddingOf(size));
      continue;
    }
    const kind = KINDS[type as keyof typeof KINDS];
    if (!kind) throw hostile("it holds what is never kept");
    if (kind !== "file" && size !== 0) throw hostile("a size without content");
    const name = long.L ?? bytesIn(header.subarray(0, 100));
    const target = long.K ?? bytesIn(header.subarray(157, 257));
    delete long.L;
    delete long.K;
    const path = kind === "folder" ? name.replace(/\/$/, "") : name;
    if (!isPlain(path)) {
      const shown = JSON.stringify(path.slice(0, 120));
      throw hostile(`${shown} is not a plain path`);
    }
    const mode = octalField(header, 100, 8) & 0o777;
    const mtime = octalField(header, 136, 12);
    const content = source.stream(size);
    yield { path, kind, mode, mtime, size, target, content };
    for await (const chunk of content) void chunk;
    await source.take(paddingOf(size));
  }
  await source.drain();
}

/** Up to the first NUL. */
function bytesIn(field: Buffer): BytePath {
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? field.length : end);
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Chunks of any length, taken in lengths that are asked for. */
class Source {
  #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #seen = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.stream(length)) parts.push(part);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async *stream(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#more())) {
        throw hostile("it ends too early");
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** To its end, where gzip tells whether all of it was right. */
  async drain(): Promise<void> {
    while (await this.#more());
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#seen += value.length;
    if (this.#seen > MAX_TAR_BYTES) throw tooMuch(this.#seen, 0);
    this.#rest = value;
    return true;
  }
}
