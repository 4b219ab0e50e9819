import { isReserved } from "../reserved";

/** The git host that serves repositories of this machine. */
export const LOCAL_HOST = "local";
/** The host a link means when it names none. */
export const DEFAULT_HOST = "github.com";

/** Where a skill is: `path` is its folder in the repository, "" for the root. */
export type SkillPlace = {
  host: string;
  owner: string;
  repo: string;
  path: string;
};

/**
 * `host/owner/repo/path`, the skill's identity. Host, owner and repository are in
 * lower case, since git hosts ignore their case; the path is as in the repository.
 */
export function skillKey(place: SkillPlace): string {
  const { path } = place;
  return path ? `${repositoryKey(place)}/${path}` : repositoryKey(place);
}

/** `host/owner/repo` in lower case. */
export function repositoryKey(place: Omit<SkillPlace, "path">): string {
  return `${place.host}/${place.owner}/${place.repo}`.toLowerCase();
}

/**
 * The page's path, each segment encoded for a URL. `tail` is the skill's name or
 * its path in the repository, "" for the repository itself.
 */
export function pagePath(
  place: Omit<SkillPlace, "path">,
  tail: string,
): string {
  const named = place.host === LOCAL_HOST || place.host === DEFAULT_HOST;
  const segments = [place.owner, place.repo, ...tail.split("/")];
  if (!named) segments.unshift(place.host);
  else if (isReserved(place.owner)) segments.unshift("gh");
  return `/${segments
    .filter((segment) => segment !== "")
    .map(encodeURIComponent)
    .join("/")}`;
}
