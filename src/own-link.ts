import { parseLink, type LinkRefusal } from "@convex/model/skills/link";

/**
 * What people paste, as the functions understand it: an address of a page of ours
 * becomes its path, for they do not know under which name these pages are reached.
 * Refuses what can be no link to a skill; hosts are the deployment's to judge.
 *
 * @param ownHost with its port, as in `location.host`
 */
export function linkFor(
  text: string,
  ownHost: string,
): { ok: true; link: string } | ({ ok: false } & LinkRefusal) {
  const parsed = parseLink(text, { ownHosts: [ownHost] });
  if (!parsed.ok && parsed.code === "bad_link") return parsed;
  const link = text.trim();
  const [, host = "", path = ""] =
    /^(?:https?:\/\/)?([^/?#]+)(.*)$/i.exec(link) ?? [];
  const own = host.toLowerCase() === ownHost.toLowerCase();
  return { ok: true, link: own ? path : link };
}
