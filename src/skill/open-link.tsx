import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { api } from "@convex/_generated/api";
import { failure } from "@convex/model/errors";
import { runAction } from "../data/server";
import { linkFor } from "../own-link";
import { skillPath } from "../routes";
import { SkillProblem } from "./skill-problem";

/** Leads on to the page of what a link means, or says why it cannot. */
export async function openLink(
  text: string,
  ownHost: string,
): Promise<ReactNode> {
  const asked = linkFor(text, ownHost);
  if (!asked.ok) {
    const refused = failure(asked.code, asked.message);
    return <SkillProblem failure={refused} link={text} />;
  }
  const answer = await runAction(api.skills.open, { link: asked.link });
  if (!answer.ok) return <SkillProblem failure={answer.failure} link={text} />;
  const opened = answer.value;
  redirect(
    skillPath(opened.kind === "skill" ? opened.skill.link : opened.link),
  );
}
