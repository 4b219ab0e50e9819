import { refuse } from "../errors";
import { pickSkill, shortName } from "./discover";
import type { ListedSkill } from "./discover";
import { LOCAL_HOST, pagePath } from "./key";
import { parseLink } from "./link";
import type { LinkOptions, SkillLink } from "./link";

/** Where a repository's default branch stood, or that its host has no such one. */
export type RepositoryHead =
  | { kind: "found"; owner: string; repo: string; branch: string; sha: string }
  | { kind: "missing" };

const FRESH_MS = 30_000;
/** What was missing may have been made public since: people try again soon. */
const FRESH_MISSING_MS = 5_000;
/** Asking this machine is quick, and its owner wants to see the last commit. */
const FRESH_LOCAL_MS = 2_000;

/** Whether what was found out about a repository may still be relied on. */
export function isFresh(
  host: string,
  head: RepositoryHead,
  ageMs: number,
): boolean {
  if (host === LOCAL_HOST) return ageMs < FRESH_LOCAL_MS;
  return ageMs < (head.kind === "missing" ? FRESH_MISSING_MS : FRESH_MS);
}

/** The parsed link. Throws `bad_link` or `host_not_allowed`. */
export function requireLink(text: string, options: LinkOptions): SkillLink {
  const parsed = parseLink(text, options);
  if (!parsed.ok) throw refuse(parsed.code, parsed.message);
  return parsed.link;
}

/**
 * What the link asks for on the default branch: a folder or name, "" for the
 * repository. Null when it names another branch, which only the host can resolve.
 */
export function pathOnBranch(link: SkillLink, branch: string): string | null {
  const { refAndPath, path } = link;
  if (refAndPath === null) return path;
  // To git hosts HEAD is the default branch, whatever its name.
  for (const name of [branch, "HEAD"]) {
    if (refAndPath === name) return "";
    if (refAndPath.startsWith(`${name}/`)) {
      return refAndPath.slice(name.length + 1);
    }
  }
  return null;
}

export type Chosen =
  | { kind: "one"; skill: ListedSkill }
  | { kind: "several"; skills: ListedSkill[] };

/** Which skills of a repository are meant. Throws `skill_not_found`, naming some. */
export function choose(
  skills: readonly ListedSkill[],
  wanted: string,
  owner: string,
  repo: string,
): Chosen {
  const picked = pickSkill(skills, wanted, repo);
  if (picked.kind !== "none") return picked;
  throw refuse("skill_not_found", lackWords(skills, wanted, owner, repo));
}

/** What a repository has instead of the skill that is wanted. */
export function lackWords(
  skills: readonly ListedSkill[],
  wanted: string,
  owner: string,
  repo: string,
): string {
  const offered = skills.filter((skill) => skill.listed);
  if (offered.length === 0) return `${owner}/${repo} has no SKILL.md.`;
  const names = offered.slice(0, 20).map((s) => shortName(skills, s, repo));
  const more = offered.length > 20 ? ` and ${offered.length - 20} more` : "";
  return `${owner}/${repo} has no skill "${wanted}". It has ${names.join(", ")}${more}.`;
}

type At = { host: string; owner: string; repo: string };

/** The page of a skill; `ref` where it is not on the default branch. */
export function skillLink(
  at: At,
  skills: readonly ListedSkill[],
  skill: ListedSkill,
  ref?: string,
): string {
  return ref === undefined
    ? pagePath(at, shortName(skills, skill, at.repo))
    : pagePath(at, `tree/${ref}/${skill.path}`);
}

/** The page of a question: what was asked for, on the branch and host it was asked of. */
export function choicesLink(at: At, wanted: string, ref?: string): string {
  return pagePath(at, ref === undefined ? wanted : `tree/${ref}/${wanted}`);
}

/** Skills to pick from, each with the page that opens it. */
export function choicesOf(
  at: At,
  skills: readonly ListedSkill[],
  offered: readonly ListedSkill[],
  ref?: string,
) {
  return offered.map((skill) => ({
    path: skill.path,
    name: skill.name,
    description: skill.description,
    link: skillLink(at, skills, skill, ref),
  }));
}
