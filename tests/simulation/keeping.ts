import { askDaemon, type DaemonAddress } from "../../convex/node/sandboxd";
import { digestOf } from "./world";

/**
 * What a sandbox keeps, received: unpacking and measuring have tests of their
 * own. Nothing is written: a real file knows no virtual clock.
 */

type Content = { digest: string; files: number; bytes: number };

export async function receiveKept<T>(
  address: DaemonAddress,
  request: { timeoutMs: number; signal: AbortSignal },
  use: (file: string, content: Content) => Promise<T>,
): Promise<T> {
  const answer = await askDaemon(address, "POST", "/keep", request);
  const { content } = answer as { content: string };
  const digest = digestOf(content);
  return use(content, { digest, files: 1, bytes: content.length });
}

/** The "file" is its content. */
export async function openKept(content: string): Promise<Blob> {
  return new Blob([content]);
}
