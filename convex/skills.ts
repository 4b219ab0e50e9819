import { ConvexError, v } from "convex/values";
import type { Infer } from "convex/values";
import { getUser, requireToken } from "./access";
import { internal } from "./_generated/api";
import type { Doc } from "./_generated/dataModel";
import {
  action,
  internalMutation,
  internalQuery,
  query,
} from "./_generated/server";
import type { QueryCtx } from "./_generated/server";
import { limitLook } from "./limits";
import { failure, type Failure } from "./model/errors";
import { pickSkill } from "./model/skills/discover";
import { hostsFor, parseGitHosts } from "./model/skills/hosts";
import { LOCAL_HOST, repositoryKey, skillKey } from "./model/skills/key";
import {
  choicesOf,
  isFresh,
  choicesLink,
  lackWords,
  pathOnBranch,
  requireLink,
  skillLink,
} from "./model/skills/resolution";
import { choice, linkFields, opened } from "./model/skills/opened";
import type { Opened, SkillView } from "./model/skills/opened";
import {
  failureValidator,
  listedSkill,
  repositoryHead,
  skillFields,
  skillView,
} from "./validators";

/** What was looked at so recently does for whoever is over their limit of looks. */
const RECENT_MS = 10 * 60_000;

/**
 * Turns a link into a skill at a commit, or into the skills to pick from. Works
 * signed in or not, and launches nothing. Answered from records when the repository
 * was looked at a moment ago. A personal token says only whose look it is.
 *
 * Throws `bad_link`, `host_not_allowed`, `repo_not_found`, `repo_unreachable`,
 * `rate_limited`, `skill_not_found`, `skill_invalid`, `archive_too_large`,
 * `archive_hostile`.
 */
export const open = action({
  args: { link: v.string(), token: v.optional(v.string()) },
  returns: opened,
  handler: async (ctx, args): Promise<Opened> => {
    const hosts = parseGitHosts(process.env.SLIPWAY_GIT_HOSTS);
    const link = requireLink(args.link, {
      hosts: hosts.map(({ host }) => host),
    });
    const candidates = hostsFor(link.host, hosts).map(({ host }) => host);
    const known = await ctx.runQuery(internal.skills.known, {
      link,
      hosts: candidates,
    });
    const now = Date.now();
    const fresh = known.heads.every(({ host, head, checkedAt }) =>
      isFresh(host, head, now - checkedAt),
    );
    const { lack } = known;
    if (fresh && lack) throw new ConvexError(lack);
    if (fresh && known.answer) return known.answer;
    const limited = await ctx.runMutation(internal.skills.look, {
      token: args.token,
    });
    if (limited) {
      // Whoever comes along with very many others joins what they have.
      const recent = known.heads.every(
        ({ checkedAt }) => now - checkedAt < RECENT_MS,
      );
      if (recent && lack) throw new ConvexError(lack);
      if (recent && known.answer) return known.answer;
      throw new ConvexError(limited);
    }
    return await ctx.runAction(internal.node.skills.resolve, { link });
  },
});

/** Takes a look at git hosts, of who asks for it; a failure where there is no room. Throws `not_signed_in`. */
export const look = internalMutation({
  args: { token: v.optional(v.string()) },
  returns: v.union(v.null(), failureValidator),
  handler: async (ctx, { token }) => {
    const user =
      token === undefined
        ? (await getUser(ctx))?._id
        : (await requireToken(ctx, token, Date.now())).userId;
    return await limitLook(ctx, user ?? null);
  },
});

const EXAMPLES = { host: LOCAL_HOST, owner: "slipway", repo: "examples" };

/**
 * The skills that ship with Slipway, as last seen: empty until someone has opened
 * the link `slipway/examples`, which the start does.
 */
export const examples = query({
  args: {},
  returns: v.array(choice),
  handler: async (ctx) => {
    const repository = repositoryKey(EXAMPLES);
    const head = (await findResolution(ctx, repository))?.head;
    if (head?.kind !== "found") return [];
    const skills = (await findListing(ctx, repository, head.sha))?.skills ?? [];
    const offered = skills.filter((skill) => skill.listed);
    return choicesOf(EXAMPLES, skills, offered);
  },
});

const knownHead = v.object({
  host: v.string(),
  head: repositoryHead,
  checkedAt: v.number(),
});

/**
 * What the records say about a link: each host's word up to the first that has the
 * repository, and the answer if it can be made, or that there is no such skill.
 * The caller judges the age.
 */
export const known = internalQuery({
  args: { link: v.object(linkFields), hosts: v.array(v.string()) },
  returns: v.object({
    heads: v.array(knownHead),
    answer: v.union(opened, v.null()),
    lack: v.union(failureValidator, v.null()),
  }),
  handler: async (ctx, { link, hosts }) => {
    const heads: Infer<typeof knownHead>[] = [];
    for (const host of hosts) {
      const repository = repositoryKey({ ...link, host });
      const resolution = await findResolution(ctx, repository);
      if (!resolution) return { heads, ...UNKNOWN };
      const { head, checkedAt } = resolution;
      heads.push({ host, head, checkedAt });
      if (head.kind === "missing") continue;
      const { owner, repo, sha, branch } = head;
      const path = pathOnBranch(link, branch);
      const at = { host, owner, repo };
      if (path === null) return { heads, ...UNKNOWN };
      return { heads, ...(await recorded(ctx, at, sha, path)) };
    }
    return { heads, ...UNKNOWN };
  },
});

type Recorded = { answer: Opened | null; lack: Failure | null };
const UNKNOWN: Recorded = { answer: null, lack: null };

async function recorded(
  ctx: QueryCtx,
  at: { host: string; owner: string; repo: string },
  sha: string,
  path: string,
): Promise<Recorded> {
  const skills = (await findListing(ctx, repositoryKey(at), sha))?.skills;
  if (!skills) return UNKNOWN;
  const { owner, repo } = at;
  const picked = pickSkill(skills, path, repo);
  if (picked.kind === "none") {
    const words = lackWords(skills, path, owner, repo);
    return { answer: null, lack: failure("skill_not_found", words) };
  }
  if (picked.kind === "several") {
    const choices = choicesOf(at, skills, picked.skills);
    const link = choicesLink(at, path);
    const answer = {
      kind: "choices" as const,
      owner,
      repo,
      sha,
      link,
      choices,
    };
    return { answer, lack: null };
  }
  const key = skillKey({ ...at, path: picked.skill.path });
  const skill = await findSkill(ctx, key, sha);
  if (!skill) return UNKNOWN;
  // The record may have been made for another branch that stands here, or stood.
  const link = skillLink(at, skills, picked.skill);
  const answer = { kind: "skill" as const, skill: { ...viewOf(skill), link } };
  return { answer, lack: null };
}

/** The skills of a repository at a commit, or null when nobody has looked. */
export const listing = internalQuery({
  args: { repository: v.string(), sha: v.string() },
  returns: v.union(v.array(listedSkill), v.null()),
  handler: async (ctx, { repository, sha }) =>
    (await findListing(ctx, repository, sha))?.skills ?? null,
});

/** As `get`, for functions. */
export const record = internalQuery({
  args: { key: v.string(), sha: v.string() },
  returns: v.union(skillView, v.null()),
  handler: async (ctx, { key, sha }) => {
    const skill = await findSkill(ctx, key, sha);
    return skill && viewOf(skill);
  },
});

export const resolution = internalQuery({
  args: { repository: v.string() },
  returns: v.union(
    v.object({ head: repositoryHead, checkedAt: v.number() }),
    v.null(),
  ),
  handler: async (ctx, { repository }) => {
    const row = await findResolution(ctx, repository);
    return row && { head: row.head, checkedAt: row.checkedAt };
  },
});

export const recordResolution = internalMutation({
  args: { repository: v.string(), head: repositoryHead },
  returns: v.null(),
  handler: async (ctx, { repository, head }) => {
    const row = await findResolution(ctx, repository);
    const checkedAt = Date.now();
    if (row) await ctx.db.patch("resolutions", row._id, { head, checkedAt });
    else await ctx.db.insert("resolutions", { repository, head, checkedAt });
    return null;
  },
});

export const recordListing = internalMutation({
  args: {
    repository: v.string(),
    sha: v.string(),
    skills: v.array(listedSkill),
  },
  returns: v.null(),
  handler: async (ctx, listing) => {
    const { repository, sha } = listing;
    const row = await findListing(ctx, repository, sha);
    // The same commit has the same skills: whoever came first is right.
    if (!row) await ctx.db.insert("listings", listing);
    return null;
  },
});

/**
 * Records a skill once per (key, sha). Of two at once the later one's archive is
 * removed in the same transaction and both get the one record.
 */
export const recordSkill = internalMutation({
  args: { skill: v.object(skillFields), storageId: v.id("_storage") },
  returns: skillView,
  handler: async (ctx, { skill, storageId }) => {
    const existing = await findSkill(ctx, skill.key, skill.sha);
    if (existing) {
      await ctx.storage.delete(storageId);
      return viewOf(existing);
    }
    const id = await ctx.db.insert("skills", { ...skill, storageId });
    const inserted = await ctx.db.get("skills", id);
    if (!inserted) throw new Error("The skill just recorded cannot be read.");
    return viewOf(inserted);
  },
});

/** Names a skill by another page's path from now on: launches take it from here. */
export const relink = internalMutation({
  args: { key: v.string(), sha: v.string(), link: v.string() },
  returns: v.null(),
  handler: async (ctx, { key, sha, link }) => {
    const skill = await findSkill(ctx, key, sha);
    if (skill) await ctx.db.patch("skills", skill._id, { link });
    return null;
  },
});

/** Removes a stored archive that no record of the skill came to name. */
export const discardArchive = internalMutation({
  args: { key: v.string(), sha: v.string(), storageId: v.id("_storage") },
  returns: v.null(),
  handler: async (ctx, { key, sha, storageId }) => {
    const named = await ctx.db
      .query("skills")
      .withIndex("by_key_and_sha", (q) => q.eq("key", key).eq("sha", sha))
      .take(10);
    if (named.some((skill) => skill.storageId === storageId)) return null;
    const file = await ctx.db.system.get("_storage", storageId);
    if (file) await ctx.storage.delete(storageId);
    return null;
  },
});

function findSkill(ctx: QueryCtx, key: string, sha: string) {
  return ctx.db
    .query("skills")
    .withIndex("by_key_and_sha", (q) => q.eq("key", key).eq("sha", sha))
    .unique();
}

function findResolution(ctx: QueryCtx, repository: string) {
  return ctx.db
    .query("resolutions")
    .withIndex("by_repository", (q) => q.eq("repository", repository))
    .unique();
}

function findListing(ctx: QueryCtx, repository: string, sha: string) {
  return ctx.db
    .query("listings")
    .withIndex("by_repository_and_sha", (q) =>
      q.eq("repository", repository).eq("sha", sha),
    )
    .unique();
}

function viewOf(doc: Doc<"skills">): SkillView {
  const { _id, _creationTime, storageId: _storage, ...fields } = doc;
  return { ...fields, createdAt: _creationTime };
}
