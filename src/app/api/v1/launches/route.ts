import { z } from "zod";
import { api } from "@convex/_generated/api";
import { readBody } from "@/server/body";
import { clientIdFor } from "@/server/idempotency";
import { openSkill } from "@/server/open-skill";
import { originOf } from "@/server/origin";
import { route } from "@/server/route";

const body = z.object({ skill: z.string().trim().min(1).max(2_000) });

/** Launches a skill at its newest commit, which is consent to run that commit. */
export const POST = route(async ({ request, backend }) => {
  const { skill } = await readBody(request, body, 16_384);
  const clientId = await clientIdFor(request, backend, "POST /v1/launches", {
    skill,
  });
  const { key, sha } = await openSkill(backend, skill);
  const { launchId, sessionId, joined } = await backend.mutation(
    api.launches.request,
    { skillKey: key, sha, clientId },
  );
  const url = `${originOf(request)}/sessions/${sessionId}`;
  return { status: 202, body: { launchId, sessionId, joined, url } };
});

/** The caller's newest launches, newest first. */
export const GET = route(async ({ backend }) => ({
  body: { launches: await backend.query(api.launches.recent, {}) },
}));
