import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "bun:test";
import { pack, type Header as TarHeader } from "tar-stream";
import {
  digestOfListing,
  hashFiles,
  listKept,
} from "../../sandboxd/keep/listing";
import type { Answer, Daemon } from "./sandboxd-harness";

type Content = string | Buffer;

export async function put(home: string, files: Record<string, Content>) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), content);
  }
}

export type Archive = { packed: Uint8Array; digest: string; headers: Headers };

export async function keep(daemon: Daemon): Promise<Archive> {
  const response = await fetch(`${daemon.url}/keep`, {
    method: "POST",
    headers: { authorization: `Bearer ${daemon.key}` },
  });
  expect(response.status).toBe(200);
  const packed = new Uint8Array(await response.arrayBuffer());
  const digest = response.headers.get("x-slipway-digest") ?? "";
  return { packed, digest, headers: response.headers };
}

export const restore = (
  daemon: Daemon,
  { packed, digest }: Pick<Archive, "packed" | "digest">,
): Promise<Answer> =>
  daemon.call("POST", "/restore", {
    raw: packed,
    headers: { "x-slipway-digest": digest },
  });

export async function digestAt(home: string): Promise<string> {
  const listing = await listKept(home);
  return digestOfListing(listing, await hashFiles(home, listing));
}

export const workOf = async ({ home }: Daemon) => {
  try {
    return await readdir(join(home, ".slipway/restore"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};

export type Item = Partial<TarHeader> & { name: string; content?: string };

/** An archive that somebody else made, with the digest it would have. */
export async function archiveOf(items: Item[]): Promise<Archive> {
  const tar = pack();
  const digest = createHash("sha256");
  for (const { content = "", ...header } of items) {
    tar.entry(header, content);
    const link = header.type === "symlink";
    const hash = createHash("sha256")
      .update(link ? header.linkname! : content)
      .digest("hex");
    digest.update(`${header.name}\0${link ? "l" : "-"}\0${hash}\n`);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const packed = gzipSync(Buffer.concat(chunks));
  return { packed, digest: digest.digest("hex"), headers: new Headers() };
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return null;
  } catch (error) {
    return error;
  }
}
