import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { api } from "@convex/_generated/api";
import { failure } from "@convex/model/errors";
import { runAction } from "../../../data/server";
import { linkFor } from "../../../own-link";
import { skillPath } from "../../../routes";
import { originOf } from "../../../server/origin";
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
  const { host } = new URL(originOf(await headers()));
  const asked = linkFor(text, host);
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
