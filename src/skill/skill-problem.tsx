import { DEFAULT_HOST, pagePath } from "@convex/model/skills/key";
import { parseLink } from "@convex/model/skills/link";
import { PasteBox } from "../home/paste-box";
import type { Failure } from "../data/failure";
import { ButtonLink } from "../ui/button";
import { Scene } from "../brand/scene";
import { skillPath } from "../routes";
import { TryAgain } from "./try-again";

const TITLES: Record<string, string> = {
  bad_link: "This link cannot be read",
  host_not_allowed: "This host is not open here",
  hosts_unreadable: "No git host can be asked",
  repo_not_found: "There is no such repository",
  repo_unreachable: "The repository cannot be reached",
  rate_limited: "Too many requests for now",
  skill_not_found: "There is no such skill here",
  skill_invalid: "This skill cannot be loaded",
  archive_too_large: "This skill is too large",
  archive_hostile: "This skill is not safe to unpack",
};

/**
 * The way from a link that led to no skill to the others of its repository. Where a
 * branch's name ends in a link is not known here, so the way leaves the branch.
 */
export function otherSkillsOf(
  text: string,
): { page: string; label: string } | null {
  const parsed = parseLink(text, { anyHost: true });
  if (!parsed.ok) return null;
  const { host, owner, repo, path, refAndPath } = parsed.link;
  if (path === "" && refAndPath === null) return null;
  const name = `${owner}/${repo}`;
  return {
    page: pagePath({ host: host ?? DEFAULT_HOST, owner, repo }, ""),
    label:
      refAndPath === null
        ? `All skills of ${name}`
        : `Skills on the default branch of ${name}`,
  };
}

/** A link that did not lead to a skill: what happened, and every way on. */
export function SkillProblem({
  failure,
  link,
}: {
  failure: Failure;
  link: string;
}) {
  const otherSkills =
    failure.code === "skill_not_found" ? otherSkillsOf(link) : null;
  return (
    <div className="relative flex-1 overflow-hidden">
      <div className="relative z-10 mx-auto max-w-2xl px-4 pt-12 pb-64 sm:px-6 sm:pt-20">
        <p className="font-mono text-[0.8125rem] break-all text-ink-3">
          {link}
        </p>
        <h1 className="mt-2 text-[2rem] leading-tight font-semibold tracking-[-0.03em]">
          {TITLES[failure.code] ?? "This skill could not be opened"}
        </h1>
        <p className="mt-4 text-lg break-words text-ink-2">{failure.message}</p>
        <p className="mt-1.5 text-lg text-ink-2">{failure.next}</p>
        <div className="mt-6 flex flex-wrap gap-2.5">
          {failure.retryable ? <TryAgain /> : null}
          {otherSkills ? (
            <ButtonLink href={skillPath(otherSkills.page)} prefetch={false}>
              {otherSkills.label}
            </ButtonLink>
          ) : null}
        </div>
        <PasteBox initial={link} />
        <p className="font-mono text-2xs text-ink-3">{failure.code}</p>
      </div>
      <Scene
        progress={0.02}
        className="pointer-events-none absolute -right-5 bottom-0 w-[24rem] max-w-none sm:right-[max(-4rem,calc(50vw-40rem))] sm:w-[34rem]"
      />
    </div>
  );
}
