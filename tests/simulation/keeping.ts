import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askDaemon, type DaemonAddress } from "../../convex/node/sandboxd";
import { unhurried } from "./clock";
import { digestOf } from "./world";

/** What a sandbox keeps, received: unpacking and measuring have tests of their own. */

const file = join(tmpdir(), `slipway-simulation-${process.pid}`);

type Content = { digest: string; files: number; bytes: number };

export async function receiveKept<T>(
  address: DaemonAddress,
  { timeoutMs }: { timeoutMs: number },
  use: (file: string, content: Content) => Promise<T>,
): Promise<T> {
  const answer = await askDaemon(address, "POST", "/keep", { timeoutMs });
  const { content } = answer as { content: string };
  writeFileSync(file, content);
  const digest = digestOf(content);
  return unhurried(use(file, { digest, files: 1, bytes: content.length }));
}
