import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import type { Agent } from "../agent";
import { hostile } from "../archive-rules";
import { discard } from "../discard";
import { codeOf, Refusal } from "../errors";
import { badRequest } from "../http";
import type { Layout } from "../layout";
import { setAside } from "../leftovers";
import { log } from "../log";
import type { Turns } from "../turns";
import {
  digestOfListing,
  hashFiles,
  listKept,
  requireReadable,
} from "./listing";
import { MAX_PACKED_BYTES, tooMuch, TRANSFER_LIMIT_MS } from "./parts";
import { Swap } from "./swap";
import { writeTar } from "./tar-write";
import { unpackKept } from "./unpack";

/** Copies out, and back in, what belongs to the person (see parts.ts). */
export class Disk {
  #swap: Swap;

  constructor(
    readonly layout: Layout,
    readonly agent: Agent,
    readonly turns: Turns,
  ) {
    this.#swap = new Swap(layout.home, join(layout.slipway, "restore"));
  }

  /** Before the agent starts: no half of a restore is ever seen. */
  async recover(): Promise<void> {
    try {
      await this.#swap.recover();
      await setAside(this.layout.slipway, this.#swap.work);
    } catch (error) {
      log("an interrupted restore is not finished", error);
    }
  }

  /**
   * Answers with the archive. The agent rests meanwhile, so that its database is
   * whole. Everything is read twice: what differs then cuts the answer off.
   * Throws `Refusal` before the answer begins: busy, keep_too_large, unreadable.
   * Ends early, and lets turns go on, when nobody waits for the answer any more.
   */
  async keep(response: ServerResponse): Promise<void> {
    const limit = AbortSignal.timeout(TRANSFER_LIMIT_MS);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const release = this.turns.hold();
    try {
      await this.#judge(gone.signal);
      await this.agent.rest(() => this.#copy(response, gone.signal, limit));
    } catch (error) {
      if (!gone.signal.aborted) throw error;
      log("keeping was given up before it began");
    } finally {
      release();
    }
  }

  /**
   * Refuses what will be refused before the agent rests, for that ends what it
   * left running. What changes meanwhile is not looked at yet.
   */
  async #judge(signal: AbortSignal): Promise<void> {
    const { home } = this.layout;
    try {
      const { entries } = await listKept(home, { signal });
      await requireReadable(home, entries, signal);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === "changing")) throw error;
    }
  }

  async #copy(
    response: ServerResponse,
    gone: AbortSignal,
    limit: AbortSignal,
  ): Promise<void> {
    const { home } = this.layout;
    const listing = await listKept(home, { signal: gone });
    const hashes = await hashFiles(home, listing, gone);
    response.writeHead(200, {
      "content-type": "application/gzip",
      "cache-control": "no-store",
      "x-slipway-digest": digestOfListing(listing, hashes),
      "x-slipway-files": listing.files,
      "x-slipway-bytes": listing.bytes,
      "x-slipway-skipped": listing.skipped,
    });
    try {
      const tar = Readable.from(writeTar(home, listing.entries, hashes));
      await pipeline(tar, createGzip(), response, { signal: limit });
      log(`kept ${listing.files} files, skipped ${listing.skipped}`);
    } catch (error) {
      log("keeping broke off", error);
      response.destroy();
    }
  }

  /**
   * Puts an archive in the place of what is there, if its content on disk has
   * the digest that the request names. Repeating it is harmless. Throws
   * `Refusal`: busy, digest_mismatch, keep_too_large, archive_hostile.
   */
  async restore(request: IncomingMessage) {
    const digest = request.headers["x-slipway-digest"];
    if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) {
      throw badRequest("x-slipway-digest must be 64 lower-case hex digits.");
    }
    const release = this.turns.hold();
    try {
      const prepared = await this.#swap.prepare();
      try {
        const tree = join(prepared, "new");
        await unpackBody(tree, request);
        const listing = await listKept(tree);
        const found = digestOfListing(listing, await hashFiles(tree, listing));
        if (found !== digest) {
          throw new Refusal(
            409,
            "digest_mismatch",
            "The archive's content is not what its digest says.",
            { digest: found },
          );
        }
        await this.agent.rest(() => this.#swap.commit(prepared));
        const { files, bytes } = listing;
        log(`restored ${files} files`);
        return { digest, files, bytes };
      } finally {
        await discard(prepared);
      }
    } finally {
      release();
    }
  }
}

async function unpackBody(
  tree: string,
  request: IncomingMessage,
): Promise<void> {
  const gunzip = createGunzip();
  // Its failure reaches the reader below, through gunzip. The socket stays:
  // a refusal goes out on it.
  const body = capped(request.iterator({ destroyOnReturn: false }));
  const pumped = Promise.allSettled([pipeline(body, gunzip)]);
  try {
    await unpackKept(tree, gunzip);
  } catch (error) {
    if (codeOf(error)?.startsWith("Z_")) {
      throw hostile("it is not gzip, or it is damaged");
    }
    throw error;
  } finally {
    gunzip.destroy();
    await pumped;
  }
}

async function* capped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_PACKED_BYTES) throw tooMuch(size, 0);
    yield chunk;
  }
}
