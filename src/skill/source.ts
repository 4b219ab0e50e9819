import type { SkillView } from "../data/types";

type Place = Pick<SkillView, "host" | "owner" | "repo" | "path" | "sha">;

/** Where a file of the skill can be read on its host; null where no page is known. */
export function sourceUrl(skill: Place, path: string): string | null {
  return sourceOf(skill, encoded(path));
}

/** Where a link in the skill's Markdown leads on its host; null where no page is known. */
export function linkUrl(skill: Place, href: string): string | null {
  return sourceOf(skill, href);
}

function sourceOf(skill: Place, relative: string): string | null {
  if (skill.host !== "github.com" || relative.startsWith("/")) return null;
  const base = `https://github.com/${skill.owner}/${skill.repo}/blob/${skill.sha}/`;
  const folder = skill.path ? `${encoded(skill.path)}/` : "";
  if (!URL.canParse(folder + relative, base)) return null;
  const url = new URL(folder + relative, base);
  // `../../..` must not climb out of the repository's own pages.
  return url.href.startsWith(base) ? url.href : null;
}

/** A name may have `#`, `?` and `%` in it, which mean something else in an address. */
function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** All files of a skill; its record may list only the first of very many. */
export function fileCount(
  skill: Pick<SkillView, "files" | "moreFiles">,
): number {
  return skill.files.length + (skill.moreFiles ?? 0);
}

export function repositoryUrl(
  skill: Pick<SkillView, "host" | "owner" | "repo">,
): string | null {
  return skill.host === "github.com"
    ? `https://github.com/${skill.owner}/${skill.repo}`
    : null;
}
