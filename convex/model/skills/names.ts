/** Longest path of a skill inside its repository, in characters. */
export const PATH_LIMIT = 512;

const OWNER = /^[a-z0-9](?:[a-z0-9_-]{0,98}[a-z0-9])?$/;
const REPO = /^[a-z0-9._-]{1,100}$/;

/** An owner's name in lower case. No dot: what has one in first place is a host. */
export function isOwner(text: string): boolean {
  return OWNER.test(text);
}

export function isRepo(text: string): boolean {
  return REPO.test(text) && !/^\.+$/.test(text);
}

/**
 * What must not stand in any path: control characters (NUL among them), and those
 * that turn or hide text, so that what a person reads is what is meant.
 */
const HIDDEN =
  // eslint-disable-next-line no-control-regex -- these are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff]/;

export function hasHiddenCharacters(text: string): boolean {
  return HIDDEN.test(text);
}

/**
 * Of these, what honest file names have: the narrow space of a Mac's screenshots and
 * the joiners of emoji, Persian and Indic words.
 */
const HARMLESS = /[\u202f\u200c\u200d]/g;

/**
 * Whether a file's name hides something from who reads it, or has a backslash, which
 * other systems take for a "/". sandboxd refuses control characters as well.
 */
export function isOddName(path: string): boolean {
  return path.includes("\\") || HIDDEN.test(path.replace(HARMLESS, ""));
}

/** Text from outside as a message may show it: quoted, short, nothing hidden. */
export function shown(text: string): string {
  const code = (found: string) =>
    `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text.slice(0, 200)).replace(
    new RegExp(HIDDEN, "g"),
    code,
  );
}

/**
 * Whether a relative path means what it says on every file system: plain segments
 * joined by "/". The empty path is the repository's root.
 */
export function isPlainPath(path: string): boolean {
  if (path === "") return true;
  if (path.length > PATH_LIMIT) return false;
  if (path.includes("\\") || hasHiddenCharacters(path)) return false;
  return path.split("/").every(isPlainSegment);
}

function isPlainSegment(segment: string): boolean {
  return (
    segment !== "" &&
    segment !== "." &&
    segment !== ".." &&
    segment.toLowerCase() !== ".git" &&
    // What a file system takes for one name, in bytes; a letter may have four.
    new TextEncoder().encode(segment).length <= 255 &&
    // sandboxd names a skill's versions `@<digest>` below the skill's own path.
    !/^@[0-9a-f]{64}$/.test(segment)
  );
}
