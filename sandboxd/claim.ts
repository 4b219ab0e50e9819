import { createHash, timingSafeEqual } from "node:crypto";
import type { Stats } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { codeOf, Refusal } from "./errors";
import { readJson } from "./files";

export type Claim = { key: string; generation: number };

/** Process ages are counted in hundredths of a second, in ms. */
const CLOCK_GRAIN = 20;

/**
 * Who may talk to this daemon: the key in a file that the server uploads after
 * each start. A file from an earlier boot is deleted, because keys rotate; one that
 * arrived before the daemon ran belongs to this boot and stays.
 */
export class ClaimFile {
  #claim: Claim | null = null;
  #stamp = "";

  constructor(readonly path: string) {}

  /** Deletes a file that was written before `bootedAt`, in ms since the epoch. */
  async forgetBefore(bootedAt: number): Promise<void> {
    const written = await writtenAt(this.path);
    if (written !== null && written < bootedAt - CLOCK_GRAIN) {
      await rm(this.path, { force: true });
    }
  }

  /** The claim, if `authorization` carries its key; else throws `Refusal`. */
  async check(authorization: string | undefined): Promise<Claim> {
    const claim = await this.#current();
    if (!claim) {
      throw new Refusal(
        503,
        "unclaimed",
        "This sandbox has not been given its key yet. Upload the claim file.",
      );
    }
    if (!sameSecret(authorization ?? "", `Bearer ${claim.key}`)) {
      throw new Refusal(401, "unauthorized", "The sandbox key is not right.");
    }
    return claim;
  }

  async #current(): Promise<Claim | null> {
    const stamp = await stampOf(this.path);
    if (stamp === this.#stamp) return this.#claim;
    this.#claim = stamp ? parseClaim(await readJson(this.path)) : null;
    // A file caught half written is read again at the next request.
    this.#stamp = this.#claim ? stamp : "";
    return this.#claim;
  }
}

function parseClaim(value: unknown): Claim | null {
  if (value === null || typeof value !== "object") return null;
  const { key, generation } = value as Record<string, unknown>;
  if (typeof key !== "string" || key.length < 16) return null;
  if (typeof generation !== "number") return null;
  return { key, generation };
}

async function stampOf(path: string): Promise<string> {
  const found = await statOf(path);
  return found ? `${found.mtimeMs}:${found.size}:${found.ino}` : "";
}

async function writtenAt(path: string): Promise<number | null> {
  return (await statOf(path))?.mtimeMs ?? null;
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Hashing first makes lengths equal, so that time tells nothing. */
function sameSecret(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
