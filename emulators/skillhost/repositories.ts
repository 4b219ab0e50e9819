import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import type { RepositoryName } from "./names";
import { repositoryName } from "./names";

/** Where a repository is, or why it cannot be served. */
export type Found =
  | { kind: "repository"; owner: string; repo: string; gitDir: string }
  | { kind: "missing" }
  | { kind: "refused"; message: string };

/**
 * The served repositories: the built-in one first, then `skillsDir/owner/repo`.
 * Looked up anew each time, so a repository put there is served at once.
 */
export class Repositories {
  constructor(
    private readonly builtIn: (RepositoryName & { gitDir: string }) | null,
    private readonly skillsDir: string | null,
  ) {}

  async find(name: RepositoryName): Promise<Found> {
    if (this.builtIn && sameName(this.builtIn, name)) {
      return { kind: "repository", ...this.builtIn };
    }
    if (!this.skillsDir) return { kind: "missing" };
    const owner = await entryNamed(this.skillsDir, [name.owner]);
    if (!owner) return { kind: "missing" };
    const folder = join(this.skillsDir, owner);
    const repo = await entryNamed(folder, [name.repo, `${name.repo}.git`]);
    if (!repo) return { kind: "missing" };
    return await this.open(owner, repo);
  }

  async list(): Promise<(RepositoryName & { problem?: string })[]> {
    const all: (RepositoryName & { problem?: string })[] = [];
    if (this.builtIn) {
      all.push({ owner: this.builtIn.owner, repo: this.builtIn.repo });
    }
    for (const owner of await folders(this.skillsDir)) {
      for (const repo of await folders(join(this.skillsDir ?? "", owner))) {
        const name = repositoryName(owner, repo);
        if (!name || (this.builtIn && sameName(this.builtIn, name))) continue;
        const found = await this.open(owner, repo);
        all.push(
          found.kind === "refused" ? { ...name, problem: found.message } : name,
        );
      }
    }
    return all;
  }

  private async open(owner: string, entry: string): Promise<Found> {
    const root = await realpath(this.skillsDir ?? "");
    const folder = join(this.skillsDir ?? "", owner, entry);
    const real = await realpath(folder);
    if (!isInside(root, real)) {
      return refused(
        `${folder} is a link that leaves the skills folder; copy the repository there instead.`,
      );
    }
    const gitDir = await gitDirOf(real);
    if (!gitDir) {
      return refused(
        `${folder} is a folder but no git repository. Make it one: ` +
          `cd ${shellQuote(folder)} && git init && git add -A && git commit -m "Import"`,
      );
    }
    const realGitDir = await realpath(gitDir);
    if (!isInside(root, realGitDir)) {
      return refused(
        `${folder} keeps its git data outside the skills folder; clone it there instead.`,
      );
    }
    const repo = entry.replace(/\.git$/i, "");
    return { kind: "repository", owner, repo, gitDir: realGitDir };
  }
}

function refused(message: string): Found {
  return { kind: "refused", message };
}

function sameName(a: RepositoryName, b: RepositoryName): boolean {
  return (
    a.owner.toLowerCase() === b.owner.toLowerCase() &&
    a.repo.toLowerCase() === b.repo.toLowerCase()
  );
}

function isInside(root: string, path: string): boolean {
  return path.startsWith(root + sep);
}

/** Names match as on GitHub, whatever the case; the exact spelling wins. */
async function entryNamed(
  folder: string,
  names: string[],
): Promise<string | null> {
  const entries = await folders(folder);
  for (const name of names) if (entries.includes(name)) return name;
  const lower = names.map((name) => name.toLowerCase());
  return entries.find((e) => lower.includes(e.toLowerCase())) ?? null;
}

/** Folder names in a folder (links followed), sorted; none if it is not there. */
async function folders(folder: string | null): Promise<string[]> {
  if (!folder) return [];
  const names: string[] = [];
  for (const name of await readdirOrNone(folder)) {
    const info = await statOrNull(join(folder, name));
    if (info?.isDirectory()) names.push(name);
  }
  return names.sort();
}

async function readdirOrNone(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function statOrNull(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
}

/**
 * Found without git's own search, which would climb to a repository that happens
 * to contain the skills folder and serve that one instead.
 */
async function gitDirOf(folder: string): Promise<string | null> {
  const inner = join(folder, ".git");
  const info = await statOrNull(inner);
  if (info?.isDirectory() && (await looksLikeGit(inner))) return inner;
  if (info?.isFile()) {
    const pointer = /^gitdir: (.+)\n?$/.exec(await readFile(inner, "utf8"));
    const target = pointer?.[1] && resolve(folder, pointer[1]);
    return target && (await looksLikeGit(target)) ? target : null;
  }
  return (await looksLikeGit(folder)) ? folder : null;
}

async function looksLikeGit(folder: string): Promise<boolean> {
  const parts = await Promise.all(
    ["HEAD", "objects", "refs"].map((name) => statOrNull(join(folder, name))),
  );
  return parts.every((part) => part !== null);
}

function shellQuote(text: string): string {
  return /^[\w/.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
