import { api } from "@convex/_generated/api";
import { ApiError } from "@/server/problem";
import { route } from "@/server/route";

/** What a link leads to: one skill at a commit, or the skills to pick from. */
export const GET = route(async ({ request, backend }) => {
  const link = new URL(request.url).searchParams.get("link")?.trim();
  if (!link || link.length > 2_000) {
    throw new ApiError("bad_request", "Send ?link=owner/repo/skill.");
  }
  return { body: await backend.action(api.skills.open, { link }) };
});
