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
