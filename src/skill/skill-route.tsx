import type { Metadata } from "next";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache, Suspense } from "react";
import { api } from "@convex/_generated/api";
import { runAction } from "../data/server";
import { skillPath } from "../routes";
import { SkillChoices } from "./skill-choices";
import { SkillProblem } from "./skill-problem";
import { SkillScreen } from "./skill-screen";
import { SkillSkeleton } from "./skill-skeleton";

export type SkillParams = { owner: string; repo: string; path?: string[] };

/**
 * How long a full page load waits for the skill before it shows a skeleton instead.
 * A known skill answers well within it, so the page is whole without any script.
 */
const PATIENCE_MS = 1_500;

/** Once per request: the page and its title ask for the same. */
const open = cache((link: string) => runAction(api.skills.open, { link }));

/** The segments as the link they stand for; each decoded once. */
function linkOf({ owner, repo, path = [] }: SkillParams): string {
  return [owner, repo, ...path].map(decodeURIComponent).join("/");
}

export async function skillMetadata(params: SkillParams): Promise<Metadata> {
  const answer = await open(linkOf(params));
  if (!answer.ok) return { title: "Skill", robots: { index: false } };
  if (answer.value.kind === "choices") {
    return { title: `Skills of ${answer.value.owner}/${answer.value.repo}` };
  }
  const { skill } = answer.value;
  return { title: skill.name, description: skill.description };
}

export async function SkillRoute({
  params,
  under = "",
}: {
  params: SkillParams;
  under?: string;
}) {
  const link = linkOf(params);
  const content = <SkillContent link={link} path={`${under}/${link}`} />;
  const destination = (await headers()).get("sec-fetch-dest");
  // A click inside the app has a skeleton to look at; a full load can wait a moment.
  const whole =
    destination !== "empty" && (await within(open(link), PATIENCE_MS));
  return whole ? (
    content
  ) : (
    <Suspense fallback={<SkillSkeleton name={link} />}>{content}</Suspense>
  );
}

async function SkillContent({ link, path }: { link: string; path: string }) {
  const answer = await open(link);
  if (!answer.ok) return <SkillProblem failure={answer.failure} link={link} />;
  if (answer.value.kind === "choices") {
    return <SkillChoices found={answer.value} />;
  }
  const { skill } = answer.value;
  // One address per skill; a pinned one keeps its pin.
  if (skill.link !== path && !link.includes("@")) {
    redirect(skillPath(skill.link));
  }
  return <SkillScreen skill={skill} />;
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
