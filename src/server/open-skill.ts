import { api } from "@convex/_generated/api";
import type { Backend } from "./backend";
import { linkFor } from "../own-link";
import { originOf } from "./origin";
import { ApiError } from "./problem";

/**
 * A link as the functions understand it (own-link.ts).
 *
 * @throws ApiError `bad_link`.
 */
export function linkOf(request: Request, text: string): string {
  const { host } = new URL(originOf(request.headers));
  const asked = linkFor(text, host);
  if (asked.ok) return asked.link;
  throw new ApiError(asked.code, asked.message);
}

/**
 * The one skill a link means, at its newest commit.
 *
 * @throws ApiError `skill_not_found` with `choices` when the link leads to
 * several; ConvexError with the failures of `skills.open`.
 */
export async function openSkill(
  backend: Backend,
  link: string,
): Promise<{ key: string; sha: string }> {
  const opened = await backend.action(api.skills.open, { link });
  if (opened.kind === "skill") return opened.skill;
  throw new ApiError(
    "skill_not_found",
    `${opened.owner}/${opened.repo} has ${opened.choices.length} skills; name one of them.`,
    {
      choices: opened.choices.map(({ name, link: page, description }) => ({
        name,
        skill: page.replace(/^\//, ""),
        description,
      })),
    },
  );
}
