import { Database } from "bun:sqlite";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { until } from "./until";
import type { Product } from "./product";

/**
 * Changes a word, to another of the same length, in the stored archive that
 * holds it. The archive stays whole: only its content is another. Answers what
 * puts it back.
 */
export async function tamper(
  product: Product,
  word: string,
  other: string,
): Promise<() => Promise<void>> {
  const folder = join(product.dataDir, "backend", "files");
  return await until(`stored archive with ${word}`, async () => {
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const before = await readFile(file);
      const tar = gunzipSync(before);
      const at = tar.indexOf(word);
      if (at < 0) continue;
      tar.write(other, at);
      await writeFile(file, gzipSync(tar));
      return () => writeFile(file, before);
    }
    return null;
  });
}

/** The turn that runs in a conversation, which no page and no route names. */
export function runningTurn(product: Product, sessionId: string): string {
  const store = new Database(storeOf(product), { readonly: true });
  try {
    store.run("PRAGMA busy_timeout = 5000");
    const row = store
      .query<{ id: string }, [string]>(
        `SELECT json_extract(value, '$._id') AS id FROM documents
         WHERE json_extract(value, '$.sessionId') = ?
         AND json_extract(value, '$.state') = 'running'
         AND json_extract(value, '$.pushTokenHashes') IS NOT NULL`,
      )
      .get(sessionId);
    if (!row) throw new Error(`No turn runs in ${sessionId}.`);
    return row.id;
  } finally {
    store.close();
  }
}

/**
 * Lets minutes pass that nobody waits for: the backend dies, and while it is
 * away what a sandbox is doing gets to have begun `ms` earlier.
 */
export async function longSince(
  product: Product,
  slotId: string,
  ms: number,
): Promise<void> {
  const changes = await whileAway(
    product,
    `UPDATE documents
     SET value = json_set(value, '$.state.since', json_extract(value, '$.state.since') - ?)
     WHERE json_extract(value, '$._id') = ?`,
    [ms, slotId],
  );
  if (changes !== 1) throw new Error(`${changes} records of ${slotId}.`);
}

/**
 * The same of a sandbox that nobody uses: it was last heard of `ms` earlier. No
 * index has that time, as none may that is changed here.
 */
export async function longUnused(
  product: Product,
  slotId: string,
  ms: number,
): Promise<void> {
  const changes = await whileAway(
    product,
    `UPDATE documents
     SET value = json_set(value, '$.confirmedAt', json_extract(value, '$.confirmedAt') - ?)
     WHERE json_extract(value, '$.slotId') = ?
       AND json_extract(value, '$.confirmedAt') IS NOT NULL
       AND json_extract(value, '$.failures') IS NOT NULL`,
    [ms, slotId],
  );
  if (changes !== 1) throw new Error(`${changes} activities of ${slotId}.`);
}

/** Writes to the store while the backend, killed, is away. Answers how many records it changed. */
async function whileAway(
  product: Product,
  sql: string,
  values: (string | number)[],
): Promise<number> {
  const store = new Database(storeOf(product), { readwrite: true });
  try {
    store.run("PRAGMA busy_timeout = 5000");
    await product.kill("backend");
    return store.run(sql, values).changes;
  } finally {
    store.close();
  }
}

function storeOf({ dataDir }: Product): string {
  return join(dataDir, "backend", "backend.sqlite");
}
