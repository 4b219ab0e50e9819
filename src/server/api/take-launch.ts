import { randomUUID } from "node:crypto";
import { jsonToConvex } from "convex/values";
import { z } from "zod";
import { api } from "@convex/_generated/api";
import { linkOf, openSkill } from "../open-skill";
import { originOf } from "../origin";
import type { createLaunch } from "./operations";
import type { Call } from "./serve";

const taken = z.object({
  launchId: z.string(),
  sessionId: z.string(),
  joined: z.boolean(),
});

/** Launches a skill at its newest commit, which is consent to run that commit. */
export async function takeLaunch({
  request,
  body: { skill, own },
  once,
  backend,
}: Call<typeof createLaunch>) {
  await backend.require("launch");
  // A retry is answered although the repository has moved on or is gone.
  const asked = once && { once, now: Date.now() };
  const before =
    asked && (await backend.query(api.idempotency.answered, asked));
  const launch = before
    ? taken.parse(jsonToConvex(JSON.parse(before)))
    : await launchNow();
  const url = `${originOf(request.headers)}/sessions/${launch.sessionId}`;
  return { ...launch, url };

  async function launchNow() {
    const link = linkOf(request, skill);
    const { key, sha } = await openSkill(backend, link);
    return await backend.mutation(api.launches.request, {
      ...{ skillKey: key, sha, clientId: randomUUID() },
      ...(own !== undefined && { own }),
      ...(once && { once }),
    });
  }
}
