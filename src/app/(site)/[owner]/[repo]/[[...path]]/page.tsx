import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { isReserved } from "@convex/model/reserved";
import {
  skillMetadata,
  SkillRoute,
  type SkillParams,
} from "../../../../../skill/skill-route";

type Props = { params: Promise<SkillParams> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { owner, repo, path } = await params;
  if (isReserved(decodeURIComponent(owner))) return {};
  return skillMetadata({ owner, repo, path });
}

/** `/<owner>/<repo>/<...path>`: what a skill is, and the question whether to launch it. */
export default async function SkillPage({ params }: Props) {
  const resolved = await params;
  // The app's own names are no owners here; those live at /gh/OWNER/...
  if (isReserved(decodeURIComponent(resolved.owner))) notFound();
  return <SkillRoute params={resolved} />;
}
