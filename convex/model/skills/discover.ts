/** A folder with a SKILL.md, as read from a repository at a commit. */
export type ListedSkill = {
  /** The folder; "" for the repository's root. */
  path: string;
  name: string;
  /** Empty when its SKILL.md cannot be used; opening it tells why. */
  description: string;
  /** Found by the rules, and neither hidden nor a copy of one found before. */
  listed: boolean;
};

export type SkillFolder = Omit<ListedSkill, "listed"> & { internal: boolean };

/** Where skills are looked for, in order; the first to have a name wins it. */
const CONTAINERS = [
  "skills",
  "skills/.curated",
  "skills/.experimental",
  "skills/.system",
  ".agents/skills",
  ".claude/skills",
  ".codex/skills",
  ".cursor/skills",
  ".gemini/skills",
  ".github/skills",
  ".goose/skills",
  ".hermes/skills",
  ".opencode/skills",
  ".roo/skills",
  ".windsurf/skills",
];
/** Levels of folders looked through below a container. */
const CONTAINER_DEPTH = 3;
/** Levels looked through when no container has any. */
const FALLBACK_DEPTH = 5;
const NEVER = new Set(["node_modules", ".git", "dist", "build"]);

/** The folder of a SKILL.md (any case), or null for another file. */
export function skillFolderOf(file: string): string | null {
  const slash = file.lastIndexOf("/");
  const isSkill = file.slice(slash + 1).toLowerCase() === "skill.md";
  return isSkill ? file.slice(0, Math.max(slash, 0)) : null;
}

/**
 * Marks which skill folders of a repository are offered, in order. The others
 * still open by their exact path.
 */
export function listSkills(folders: readonly SkillFolder[]): ListedSkill[] {
  const sorted = folders.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const groups = CONTAINERS.map((container) =>
    foundBelow(sorted, container, CONTAINER_DEPTH),
  );
  const root = sorted.filter((folder) => folder.path === "");
  let found = root.length > 0 ? [root] : groups;
  if (found.every((group) => group.length === 0)) {
    found = [foundBelow(sorted, "", FALLBACK_DEPTH)];
  }

  const listed = new Set<SkillFolder>();
  const names = new Set<string>();
  for (const group of found) {
    // Compared with earlier containers only: two of one name in the same place
    // are a question for the reader, not copies made for another agent.
    const fresh = group.filter((f) => !names.has(f.name.toLowerCase()));
    for (const folder of fresh) {
      names.add(folder.name.toLowerCase());
      if (!folder.internal) listed.add(folder);
    }
  }
  const rest = sorted.filter((folder) => !listed.has(folder));
  return [
    ...[...listed].map((folder) => entry(folder, true)),
    ...rest.map((folder) => entry(folder, false)),
  ];
}

function entry(folder: SkillFolder, listed: boolean): ListedSkill {
  const { path, name, description } = folder;
  return { path, name, description, listed };
}

/** Skills at most `depth` levels below a folder; a shallower one hides deeper ones. */
function foundBelow(
  folders: readonly SkillFolder[],
  container: string,
  depth: number,
): SkillFolder[] {
  const prefix = container === "" ? "" : `${container}/`;
  const found: SkillFolder[] = [];
  for (const folder of folders) {
    if (!folder.path.startsWith(prefix) || folder.path === "") continue;
    const below = folder.path.slice(prefix.length).split("/");
    // Dotted folders below a container are containers of their own.
    const skip = below.some((s) => NEVER.has(s) || s.startsWith("."));
    if (skip || below.length > depth) continue;
    const hidden = found.some((f) => folder.path.startsWith(`${f.path}/`));
    if (!hidden) found.push(folder);
  }
  return found;
}

export type Picked =
  | { kind: "one"; skill: ListedSkill }
  | { kind: "several"; skills: ListedSkill[] }
  | { kind: "none" };

/**
 * Which skill the rest of a link means: its exact folder; its folder within a
 * container, first container first; else the folder's own name, then the name in
 * its frontmatter, each exactly before ignoring case; else all skills below that
 * folder. Never a part of a name.
 */
export function pickSkill(
  skills: readonly ListedSkill[],
  wanted: string,
  repo: string,
): Picked {
  const listed = skills.filter((skill) => skill.listed);
  if (wanted === "") {
    const usable = listed.filter((skill) => skill.description !== "");
    return some(usable.length > 0 ? usable : listed);
  }
  const exact = skills.find((skill) => skill.path === wanted);
  if (exact) return { kind: "one", skill: exact };
  for (const container of CONTAINERS) {
    const path = `${container}/${wanted}`;
    const within = skills.find((skill) => skill.path === path);
    if (within) return { kind: "one", skill: within };
  }
  const folderName = (skill: ListedSkill) =>
    skill.path.split("/").at(-1) || repo;
  const same = (text: string) => text === wanted;
  const similar = (text: string) => text.toLowerCase() === wanted.toLowerCase();
  // A skill that is not listed answers to its name only where no listed one does.
  for (const pool of [listed, skills]) {
    for (const equal of [same, similar]) {
      for (const nameOf of [folderName, (s: ListedSkill) => s.name]) {
        const matching = pool.filter((skill) => equal(nameOf(skill)));
        if (matching.length > 0) return some(matching);
      }
    }
  }
  const below = (pool: readonly ListedSkill[]) =>
    pool.filter((skill) => skill.path.startsWith(`${wanted}/`));
  const offered = below(listed);
  return some(offered.length > 0 ? offered : below(skills));
}

function some(skills: ListedSkill[]): Picked {
  const [first, ...others] = skills;
  if (!first) return { kind: "none" };
  return others.length === 0
    ? { kind: "one", skill: first }
    : { kind: "several", skills };
}

/** The shortest way to name a skill in a link that means it and no other. */
export function shortName(
  skills: readonly ListedSkill[],
  skill: ListedSkill,
  repo: string,
): string {
  const candidates = ["", skill.path.split("/").at(-1) ?? "", skill.name];
  for (const candidate of skill.path === ""
    ? candidates
    : candidates.slice(1)) {
    if (candidate.includes("/")) continue;
    const picked = pickSkill(skills, candidate, repo);
    if (picked.kind === "one" && picked.skill.path === skill.path) {
      return candidate;
    }
  }
  return skill.path;
}
