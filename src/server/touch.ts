import { createHash } from "node:crypto";
import { api } from "@convex/_generated/api";
import { anonymousBackend, type Credential } from "./backend";

const MINUTE = 60_000;
/** Above this, what is older than a minute is dropped. */
const MANY = 1_000;

/** Hash of a token -> when this process last told of its use. */
const told = new Map<string, number>();

/**
 * Notes that a personal token was used, behind the answer and at most once a
 * minute for each process. A note that fails is told in the log and made again
 * a minute later: nobody's request fails by it.
 */
export async function noteUse({ kind, token }: Credential): Promise<void> {
  if (kind !== "personal") return;
  const now = Date.now();
  const hash = createHash("sha256").update(token).digest("base64url");
  if ((told.get(hash) ?? 0) > now - MINUTE) return;
  if (told.size > MANY) {
    for (const [key, at] of told) if (at <= now - MINUTE) told.delete(key);
  }
  told.set(hash, now);
  try {
    await anonymousBackend().mutation(
      api.tokens.touch,
      { token },
      { skipQueue: true },
    );
  } catch (error) {
    console.error("The use of a token was not noted.", error);
  }
}
