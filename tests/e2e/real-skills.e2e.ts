import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Client, git, Product } from "./harness";

/** Public skills of others, where the machine has a copy of them. */
const SHARED = resolve(import.meta.dir, "../../../shared/skills");
const links = existsSync(SHARED) ? linksIn(SHARED) : [];

let product: Product;
let client: Client;

beforeAll(async () => {
  if (links.length === 0) return;
  product = await Product.start();
  client = await Client.of(product, "reader");
  for (const [owner, repo] of repositories()) {
    const dir = join(product.skillsDir, owner, repo);
    cpSync(join(SHARED, owner, repo), dir, { recursive: true });
    git(dir, "init", "-q", "-b", "main");
    git(dir, "add", "-A");
    git(dir, "commit", "-q", "-m", "As published");
  }
}, 400_000);
afterAll(async () => {
  await product?.stop();
});

test.skipIf(links.length === 0)(
  "every skill of the public repositories launches from its link",
  async () => {
    const ended = new Map<string, string>();
    for (let at = 0; at < links.length; at += 5) {
      await Promise.all(
        links.slice(at, at + 5).map(async (link) => {
          const { launchId } = await client.launch(link);
          ended.set(link, (await client.ended(launchId)).state);
        }),
      );
    }
    expect([...ended].filter(([, state]) => state !== "ready")).toEqual([]);
    const [sandbox] = await client.sandboxes();
    expect(sandbox?.skills).toHaveLength(links.length);
  },
  300_000,
);

function repositories(): [string, string][] {
  return readdirSync(SHARED, { withFileTypes: true })
    .filter((owner) => owner.isDirectory())
    .flatMap((owner) =>
      readdirSync(join(SHARED, owner.name)).map((repo): [string, string] => [
        owner.name,
        repo,
      ]),
    );
}

function linksIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((path) => /^[^/]+\/[^/]+\/.*SKILL\.md$/.test(path))
    .map((path) => {
      const [owner, repo] = path.split("/");
      return `${owner}/${repo}/${basename(dirname(path))}`;
    })
    .sort();
}
