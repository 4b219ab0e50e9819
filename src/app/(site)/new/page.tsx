import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { originOf } from "../../../server/origin";
import { openLink } from "../../../skill/open-link";

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
  return await openLink(text, new URL(originOf(await headers())).host);
}
