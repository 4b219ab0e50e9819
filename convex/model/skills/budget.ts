import type { ListedSkill } from "./discover";
import type { Finding } from "./manifest";

/**
 * What of a skill is kept in its record. A document holds 1 MiB; a SKILL.md's
 * body takes up to 200 KiB of it. The archive, which is what is installed, has
 * bounds of its own and is stored apart.
 */
export const KEPT_BYTES = {
  files: 300 * 1024,
  /** All skills of a repository, of which there may be 1,000. */
  listing: 700 * 1024,
} as const;

const KEPT_FINDINGS = 100;
const FINDING_CHARS = 300;

/** Descriptions of a listing, in characters: as long as all of them fit. */
const DESCRIPTIONS = [300, 150, 75, 30];

/** The first `max` UTF-16 units, never half a character: that cannot be stored. */
export function cut(text: string, max: number): string {
  return text
    .slice(0, max)
    .replace(/[\uD800-\uDBFF]$/, "")
    .toWellFormed();
}

/** The first files whose list fits, and how many more there are. */
export function fitFiles<T extends { path: string }>(
  files: readonly T[],
): { files: T[]; moreFiles?: number } {
  const kept = fitting(files, KEPT_BYTES.files);
  const more = files.length - kept.length;
  return { files: kept, ...(more > 0 && { moreFiles: more }) };
}

/** A listing that fits: with shorter descriptions, else without its last skills. */
export function fitListing(skills: readonly ListedSkill[]): ListedSkill[] {
  let shorter: ListedSkill[] = [];
  for (const max of DESCRIPTIONS) {
    shorter = skills.map((skill) => ({
      ...skill,
      description: cut(skill.description, max),
    }));
    if (sizeOf(shorter) <= KEPT_BYTES.listing) return shorter;
  }
  return fitting(shorter, KEPT_BYTES.listing);
}

/** The first findings, each of them short: the author of a skill writes them too. */
export function fitFindings(findings: readonly Finding[]): Finding[] {
  const kept = findings.slice(0, KEPT_FINDINGS).map((finding) => ({
    ...finding,
    message: cut(finding.message, FINDING_CHARS),
  }));
  const more = findings.length - kept.length;
  if (more > 0) {
    kept.push({ severity: "warning", message: `There are ${more} more.` });
  }
  return kept;
}

function fitting<T>(items: readonly T[], max: number): T[] {
  let size = 2;
  const end = items.findIndex((item) => (size += sizeOf(item) + 1) > max);
  return items.slice(0, end < 0 ? items.length : end);
}

/** Bytes as JSON; Convex's own encoding of names and texts is no longer. */
function sizeOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
