import { createHash } from "node:crypto";
import { join } from "node:path";
import { CONTROL_CHARACTERS } from "./archive-rules";
import { Refusal } from "./errors";

/** One installed content of one skill. */
export type InstalledSkill = {
  /** host/owner/repo/path */
  key: string;
  /** Commits it was asked for with; the content is the same for all. */
  shas: string[];
  digest: string;
  /** The request that last put it here: who wants it gone must name that one. */
  installId?: string;
};

const MAX_KEY_BYTES = 1_024;
const DIGEST_FOLDER = /^@([0-9a-f]{64})$/;

/** The key's segments; throws `Refusal` for what cannot name a folder. */
export function keySegments(key: string): string[] {
  const segments = key.split("/");
  const bad = segments.some(
    (segment) =>
      segment === "" ||
      segment === "." ||
      segment === ".." ||
      Buffer.byteLength(segment) > 255 ||
      CONTROL_CHARACTERS.test(segment) ||
      DIGEST_FOLDER.test(segment.replace(/\.json$/, "")),
  );
  if (bad || segments.length < 3 || Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new Refusal(
      422,
      "bad_request",
      "x-skill-key must be host/owner/repo/path, URI-encoded.",
    );
  }
  return segments;
}

/** .../skills/<host>/<owner>/<repo>/<path...>/@<digest> */
export function skillFolder(skills: string, key: string, digest: string) {
  return join(skills, ...keySegments(key), `@${digest}`);
}

export function digestOfFolder(name: string): string | null {
  return DIGEST_FOLDER.exec(name)?.[1] ?? null;
}

/**
 * The name the agent knows this skill by. Plain names collide (two "pdf"), and
 * the agent then refuses to guess; full paths are long and models miscopy
 * them. So: the last segment, readable, plus a short hash of key and digest.
 */
export function agentName(key: string, digest: string): string {
  const last = key.slice(key.lastIndexOf("/") + 1);
  const readable = last.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40);
  const hash = createHash("sha256").update(`${key}\0${digest}`).digest("hex");
  return `${readable}@${hash.slice(0, 12)}`;
}
