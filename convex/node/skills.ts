"use node";

import { v } from "convex/values";
import { internal } from "../_generated/api";
import { internalAction } from "../_generated/server";
import type { ActionCtx } from "../_generated/server";
import { refuse, toFailure } from "../model/errors";
import type { ListedSkill } from "../model/skills/discover";
import {
  commitUrl,
  hostLabel,
  hostsFor,
  parseGitHosts,
} from "../model/skills/hosts";
import type { GitHost } from "../model/skills/hosts";
import { repositoryKey, skillKey } from "../model/skills/key";
import type { SkillLink } from "../model/skills/link";
import { linkFields, opened } from "../model/skills/opened";
import type { Opened } from "../model/skills/opened";
import {
  choicesLink,
  choicesOf,
  choose,
  isFresh,
  pathOnBranch,
  skillLink,
} from "../model/skills/resolution";
import type { RepositoryHead } from "../model/skills/resolution";
import { archiveUrlOf, rememberRefusal, withArchive } from "./download";
import { resolveHead, resolveRef } from "./git";
import { listArchive, loadSkill } from "./repository";

/** Questions under way in this process: tabs that ask the same wait for one. */
const flights = new Map<string, Promise<Opened>>();

/** Asks the git hosts what a link means and stores what was not known yet. */
export const resolve = internalAction({
  args: { link: v.object(linkFields) },
  returns: opened,
  handler: async (ctx, { link }): Promise<Opened> => {
    // A process may serve several deployments, each with records of its own.
    const key = JSON.stringify([process.env.CONVEX_CLOUD_URL, link]);
    const flight = flights.get(key) ?? resolveLink(ctx, link);
    flights.set(key, flight);
    try {
      return await flight;
    } finally {
      if (flights.get(key) === flight) flights.delete(key);
    }
  },
});

type Commit = {
  git: GitHost;
  host: string;
  owner: string;
  repo: string;
  sha: string;
  /** The branch or tag, when it is not the default branch. */
  ref?: string;
  /** Whether the default branch stands at this commit. */
  isHead: boolean;
  /** Set when the host did not answer and this is what it said last. */
  staleSince?: number;
};

async function resolveLink(ctx: ActionCtx, link: SkillLink): Promise<Opened> {
  const { commit, path } = await locate(ctx, link);
  const { owner, repo, sha, ref, staleSince } = commit;
  const repository = repositoryKey(commit);

  const select = (skills: ListedSkill[]): ListedSkill | Opened => {
    const chosen = choose(skills, path, owner, repo);
    if (chosen.kind === "one") return chosen.skill;
    const choices = choicesOf(commit, skills, chosen.skills, ref);
    const link = choicesLink(commit, path, ref);
    return { kind: "choices", owner, repo, sha, link, choices, staleSince };
  };

  const listing = await ctx.runQuery(internal.skills.listing, {
    repository,
    sha,
  });
  if (listing) {
    const selected = select(listing);
    if ("kind" in selected) return selected;
    const key = skillKey({ ...commit, path: selected.path });
    const skill = await ctx.runQuery(internal.skills.record, { key, sha });
    if (skill) {
      const pageLink = skillLink(commit, listing, selected, ref);
      if (ref === undefined && skill.link !== pageLink) {
        // A branch had it first; the default branch outlives it.
        const relinked = { key, sha, link: pageLink };
        await ctx.runMutation(internal.skills.relink, relinked);
      }
      return { kind: "skill", skill: { ...skill, link: pageLink }, staleSince };
    }
  }

  const source = { ...commit, host: commit.git };
  return await rememberRefusal([archiveUrlOf(source), path], () =>
    withArchive(source, async (file) => {
      const skills = listing ?? (await listArchive(file, repo));
      if (!listing) {
        const found = { repository, sha, skills };
        await ctx.runMutation(internal.skills.recordListing, found);
      }
      const selected = select(skills);
      if ("kind" in selected) return selected;
      // One record serves all branches that stand at this commit.
      const lasting = commit.isHead ? undefined : ref;
      const kept = skillLink(commit, skills, selected, lasting);
      const skill = await store(ctx, file, commit, selected.path, kept);
      const link = skillLink(commit, skills, selected, ref);
      return { kind: "skill", skill: { ...skill, link }, staleSince };
    }),
  );
}

/** The commit a link means: on the first host that has the repository. */
async function locate(
  ctx: ActionCtx,
  link: SkillLink,
): Promise<{ commit: Commit; path: string }> {
  const hosts = parseGitHosts(process.env.SLIPWAY_GIT_HOSTS);
  const candidates = hostsFor(link.host, hosts);
  for (const git of candidates) {
    const { head, staleSince } = await askHead(ctx, git, link);
    if (head.kind === "missing") continue;
    const { owner, repo, sha } = head;
    const at = { git, host: git.host, owner, repo };
    const path = pathOnBranch(link, head.branch);
    if (path !== null) {
      return { commit: { ...at, sha, isHead: true, staleSince }, path };
    }
    const found = await resolveRef(git, owner, repo, link.refAndPath ?? "");
    const isHead = found.sha === sha;
    return {
      commit: { ...at, sha: found.sha, ref: found.branch, isHead },
      path: found.path,
    };
  }
  const asked = candidates.map(({ host }) => hostLabel(host)).join(" or ");
  throw refuse(
    "repo_not_found",
    `There is no public repository ${link.owner}/${link.repo} on ${asked}.`,
  );
}

/** What the host says of a repository now, a moment ago, or, if it is silent, last. */
async function askHead(
  ctx: ActionCtx,
  git: GitHost,
  link: SkillLink,
): Promise<{ head: RepositoryHead; staleSince?: number }> {
  const { owner, repo } = link;
  const repository = repositoryKey({ host: git.host, owner, repo });
  const last = await ctx.runQuery(internal.skills.resolution, { repository });
  if (last && isFresh(git.host, last.head, Date.now() - last.checkedAt)) {
    return { head: last.head };
  }
  try {
    const head = await resolveHead(git, owner, repo);
    const found = { repository, head };
    await ctx.runMutation(internal.skills.recordResolution, found);
    return { head };
  } catch (error) {
    const known = last?.head.kind === "found";
    if (!known || !toFailure(error).retryable) throw error;
    return { head: last.head, staleSince: last.checkedAt };
  }
}

async function store(
  ctx: ActionCtx,
  file: string,
  commit: Commit,
  path: string,
  link: string,
) {
  const { host, owner, repo, sha } = commit;
  const { manifest, packed, ...contents } = await loadSkill(file, path, repo);
  const { internal: _hidden, ...shown } = manifest;
  const storageId = await ctx.storage.store(
    new Blob([packed as Uint8Array<ArrayBuffer>], { type: "application/gzip" }),
  );
  const key = skillKey({ host, owner, repo, path });
  try {
    return await ctx.runMutation(internal.skills.recordSkill, {
      storageId,
      skill: {
        ...shown,
        ...contents,
        key,
        host,
        owner,
        repo,
        path,
        sha,
        link,
        commitUrl: commitUrl(host, owner, repo, sha),
      },
    });
  } catch (error) {
    // It may have been recorded all the same, so the record is asked.
    const args = { key, sha, storageId };
    await ctx.runMutation(internal.skills.discardArchive, args);
    throw error;
  }
}
