import type { Metadata } from "next";
import {
  skillMetadata,
  SkillRoute,
  type SkillParams,
} from "../../../../../../skill/skill-route";

type Props = { params: Promise<SkillParams> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return skillMetadata(await params);
}

/** `/gh/<owner>/<repo>/<...path>`: for owners whose name the app needs itself. */
export default async function SkillPage({ params }: Props) {
  return <SkillRoute params={await params} under="/gh" />;
}
