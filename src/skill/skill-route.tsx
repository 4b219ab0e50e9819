import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { api } from "@convex/_generated/api";
import { isReserved } from "@convex/model/reserved";
import { linkOfSegments } from "@convex/model/skills/link";
import { Patient } from "../data/patient";
import { runAction } from "../data/server";
import { skillPath } from "../routes";
import { SkillChoices } from "./skill-choices";
import { SkillProblem } from "./skill-problem";
import { SkillScreen } from "./skill-screen";
import { SkillSkeleton } from "./skill-skeleton";

export type SkillParams = { owner: string; repo: string; path?: string[] };

/** Once per request: the page and its title ask for the same. */
const open = cache((link: string) => runAction(api.skills.open, { link }));

/** The segments of the address, each decoded once. */
function segmentsOf({ owner, repo, path = [] }: SkillParams): string[] {
  return [owner, repo, ...path].map(decodeURIComponent);
}

/** The link to ask for; an owner of a name the app needs is met below /gh alone. */
export function linkOf(params: SkillParams): string {
  const segments = segmentsOf(params);
  const under = isReserved(segments[0] ?? "") ? ["gh"] : [];
  return linkOfSegments([...under, ...segments]);
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

export function SkillRoute({
  params,
  under = "",
}: {
  params: SkillParams;
  under?: string;
}) {
  const link = linkOf(params);
  return (
    <Patient work={open(link)} fallback={<SkillSkeleton name={link} />}>
      <SkillContent
        link={link}
        path={`${under}/${segmentsOf(params).map(encodeURIComponent).join("/")}`}
      />
    </Patient>
  );
}

async function SkillContent({ link, path }: { link: string; path: string }) {
  const answer = await open(link);
  if (!answer.ok) return <SkillProblem failure={answer.failure} link={link} />;
  if (answer.value.kind === "choices") {
    return <SkillChoices found={answer.value} />;
  }
  const { skill, staleSince } = answer.value;
  // One address per skill; a skill on a branch or commit of its own keeps that in it.
  if (skill.link !== path) redirect(skillPath(skill.link));
  return <SkillScreen skill={skill} staleSince={staleSince} />;
}
