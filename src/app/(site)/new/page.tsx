import { redirect } from "next/navigation";
import { api } from "@convex/_generated/api";
import { runAction } from "../../../data/server";
import { skillPath } from "../../../routes";
import { SkillProblem } from "../../../skill/skill-problem";

export const metadata = { title: "Open a skill" };

/** `/new?link=...`: the paste box without scripts, and links from elsewhere. Reads only. */
export default async function NewPage({
  searchParams,
}: {
  searchParams: Promise<{ link?: string | string[] }>;
}) {
  const { link } = await searchParams;
  const text = (Array.isArray(link) ? link[0] : link)?.trim();
  if (!text) redirect("/");
  const answer = await runAction(api.skills.open, { link: text });
  if (!answer.ok) return <SkillProblem failure={answer.failure} link={text} />;
  const opened = answer.value;
  redirect(
    skillPath(opened.kind === "skill" ? opened.skill.link : opened.link),
  );
}
