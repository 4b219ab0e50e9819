import { isReserved } from "../reserved";
import { DEFAULT_HOST, LOCAL_HOST } from "./key";
import { hasHiddenCharacters, isOwner, isPlainPath, isRepo } from "./names";

/** Longest link that is looked at, in characters. */
export const LINK_LIMIT = 2_000;

export type SkillLink = {
  /** The host the link names, or null when it names none. */
  host: string | null;
  owner: string;
  repo: string;
  /** What follows the repository: a folder or a skill's name; "" for neither. */
  path: string;
  /**
   * Of a tree, blob or raw link: everything after `tree/`. A branch's name may have
   * slashes, so where it ends and the path begins only the repository's refs tell.
   */
  refAndPath: string | null;
};

export type LinkRefusal = {
  code: "bad_link" | "host_not_allowed";
  message: string;
};

export type ParsedLink =
  { ok: true; link: SkillLink } | ({ ok: false } & LinkRefusal);

export type LinkOptions = {
  /** Git hosts this deployment asks, such as ["local", "github.com"]. */
  hosts?: readonly string[];
  /** Hosts (with port) where this app's own pages are, besides loopback. */
  ownHosts?: readonly string[];
  /** For a link that was opened before: its host was found to be allowed then. */
  anyHost?: boolean;
};

/**
 * Understands what people paste: `owner/repo/skill`, repository, tree, blob and raw
 * URLs, skill keys, and addresses of this app's own pages. Anything that could mean
 * more than one thing is refused with a reason.
 */
export function parseLink(text: string, options: LinkOptions = {}): ParsedLink {
  const hosts = options.hosts ?? [LOCAL_HOST, DEFAULT_HOST];
  const problem = checkText(text);
  if (problem) return problem;
  const trimmed = text.trim();

  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(trimmed)?.[1]?.toLowerCase();
  if (trimmed.includes("://")) {
    if (scheme !== "https" && scheme !== "http") {
      return bad(`Links of the kind "${scheme ?? ""}:" cannot be opened.`);
    }
    return parseUrl(trimmed, hosts, options);
  }
  const ssh = /^git@([^:/]+):(.+)$/.exec(trimmed);
  if (ssh) {
    const { anyHost } = options;
    return parseUrl(`https://${ssh[1]}/${ssh[2]}`, hosts, { anyHost });
  }
  const first = /^[^/?#]*/.exec(trimmed)?.[0] ?? "";
  if (scheme && !/:\d+$/.test(first)) {
    return bad(`Links of the kind "${scheme}:" cannot be opened.`);
  }
  if (/[.@:[]/.test(first)) {
    return parseUrl(`https://${trimmed}`, hosts, options);
  }
  const segments = pathSegments(trimmed);
  if (!segments) return bad(TRICK);
  const [head = "", ...rest] = segments;
  if (rest.length >= 2 && hosts.includes(head.toLowerCase())) {
    return repositoryLink(head.toLowerCase(), rest);
  }
  if (rest.length >= 2 && head.toLowerCase() === "gh") {
    return repositoryLink(null, rest);
  }
  return repositoryLink(null, segments);
}

const TRICK =
  "The link's path has empty, hidden or encoded parts, or steps such as `..`.";

function bad(message: string): ParsedLink {
  return { ok: false, code: "bad_link", message };
}

function checkText(text: string): ParsedLink | null {
  if (text.length > LINK_LIMIT) {
    return bad(`The link is longer than ${LINK_LIMIT} characters.`);
  }
  const trimmed = text.trim();
  if (trimmed === "") return bad("There is no link.");
  if (hasHiddenCharacters(trimmed)) {
    return bad("The link contains control or invisible characters.");
  }
  // A folder may have plain spaces in its name; others are not told apart by eye.
  if (/[^\S ]/.test(trimmed)) return bad("The link contains unusual spaces.");
  if (trimmed.includes("\\")) return bad("The link contains backslashes.");
  return null;
}

/**
 * The plain segments of a path, without query, fragment and outer slashes. Null if
 * any of them is a trick. The URL parser is no help: it resolves `..` silently.
 */
function pathSegments(path: string): string[] | null {
  const plain = path.replace(/[?#].*$/, "").replace(/^\/+|\/+$/g, "");
  if (plain === "") return [];
  const segments: string[] = [];
  for (const part of plain.split("/")) {
    const segment = decode(part);
    if (segment === null || segment.includes("/") || !isPlainPath(segment)) {
      return null;
    }
    if (segment === "") return null;
    segments.push(segment);
  }
  return segments;
}

/**
 * The link that means exactly these segments of an address: what a link would be cut
 * at or decoded from is encoded.
 */
export function linkOfSegments(segments: readonly string[]): string {
  return segments
    .map((segment) => segment.replace(/[%#?/\\\s]/g, encodeURIComponent))
    .join("/");
}

function decode(part: string): string | null {
  try {
    const once = decodeURIComponent(part);
    // What is still encoded was encoded twice, to pass a check like this one.
    return /%[0-9a-f]{2}/i.test(once) ? null : once;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function parseUrl(
  text: string,
  hosts: readonly string[],
  { ownHosts = [], anyHost = false }: LinkOptions,
): ParsedLink {
  const url = urlOrNull(text);
  if (!url) return bad("This is not a valid link.");
  if (url.username || url.password) {
    return bad("The link carries a user name or password before the host.");
  }
  const afterHost = text.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  const segments = pathSegments(afterHost);
  if (!segments) return bad(TRICK);
  if (ownHosts.includes(url.host) || isLoopback(url.hostname)) {
    return ownPage(segments, hosts);
  }
  const host = url.host.replace(/^www\./, "");
  if (host === "raw.githubusercontent.com" && hosts.includes(DEFAULT_HOST)) {
    const [owner = "", repo = "", ...rest] = segments;
    return fileLink(DEFAULT_HOST, owner, repo, rest);
  }
  if (!anyHost && !hosts.includes(host)) return notAllowed(host, hosts);
  return repositoryLink(host, segments);
}

function urlOrNull(text: string): URL | null {
  try {
    return new URL(text);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

function notAllowed(host: string, hosts: readonly string[]): ParsedLink {
  const named = hosts.filter((name) => name !== LOCAL_HOST).join(", ");
  return {
    ok: false,
    code: "host_not_allowed",
    message: `Skills are not fetched from ${host}. Allowed here: ${named || "local repositories only"}.`,
  };
}

function ownPage(segments: string[], hosts: readonly string[]): ParsedLink {
  const [first = "", ...rest] = segments;
  if (first.toLowerCase() === "gh") return repositoryLink(null, rest);
  if (isReserved(first)) {
    return bad("This is a page of Slipway, not a link to a skill.");
  }
  if (first.includes(".") && hosts.includes(first.toLowerCase())) {
    return repositoryLink(first.toLowerCase(), rest);
  }
  return repositoryLink(null, segments);
}

/** Pages of a repository that are no folders. */
const OTHER_PAGES = new Set(
  "actions blame branches commit commits compare discussions edit issues projects pull pulls pulse releases security stargazers tags wiki".split(
    " ",
  ),
);

function repositoryLink(host: string | null, segments: string[]): ParsedLink {
  const [owner = "", repo = "", kind = "", ...rest] = segments;
  if (kind === "tree" && rest.length > 0) {
    return finish(host, owner, repo, "", shortRef(rest).join("/"));
  }
  if ((kind === "blob" || kind === "raw") && rest.length > 1) {
    return fileLink(host, owner, repo, rest);
  }
  if (host && OTHER_PAGES.has(kind)) {
    return bad(`This is the repository's ${kind} page, not a skill's folder.`);
  }
  const path = withoutSkillFile(segments.slice(2));
  return finish(host, owner, repo, path.join("/"), null);
}

/** A link to one file at a ref: good when the file is a SKILL.md. */
function fileLink(
  host: string | null,
  owner: string,
  repo: string,
  refAndPath: string[],
): ParsedLink {
  const folder = withoutSkillFile(refAndPath);
  if (folder.length === refAndPath.length || folder.length === 0) {
    return bad("This is a link to a file. Link to a SKILL.md or its folder.");
  }
  return finish(host, owner, repo, "", shortRef(folder).join("/"));
}

/** Without what git writes in front of a branch's or tag's full name. */
function shortRef(refAndPath: string[]): string[] {
  const [refs, kind, ...rest] = refAndPath;
  const full = refs === "refs" && (kind === "heads" || kind === "tags");
  return full && rest.length > 0 ? rest : refAndPath;
}

function withoutSkillFile(segments: string[]): string[] {
  const isFile = segments.at(-1)?.toLowerCase() === "skill.md";
  return isFile ? segments.slice(0, -1) : segments;
}

function finish(
  host: string | null,
  owner: string,
  repo: string,
  path: string,
  refAndPath: string | null,
): ParsedLink {
  if (!owner || !repo) {
    return bad("A link names at least an owner and a repository.");
  }
  const link: SkillLink = {
    host,
    owner: owner.toLowerCase(),
    repo: repo.toLowerCase().replace(/\.git$/, ""),
    path,
    refAndPath,
  };
  if (!isOwner(link.owner)) return bad(`"${owner}" cannot be an owner's name.`);
  if (!isRepo(link.repo)) {
    return bad(`"${repo}" cannot be the name of a repository.`);
  }
  if (!isPlainPath(path) || !isPlainPath(refAndPath ?? "")) return bad(TRICK);
  return { ok: true, link };
}
