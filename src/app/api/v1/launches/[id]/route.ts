import { api } from "@convex/_generated/api";
import { ApiError } from "@/server/problem";
import { route } from "@/server/route";

export const GET = route<{ id: string }>(async ({ params, backend }) => {
  const launch = await backend.query(api.launches.get, { launchId: params.id });
  if (!launch) throw new ApiError("not_found", "You have no such launch.");
  const { error, ...rest } = launch;
  return { body: { ...rest, ...(error && { error }) } };
});

/** Cancels the launch; its sandbox stays for the others that use it. */
export const DELETE = route<{ id: string }>(async ({ params, backend }) => {
  await backend.mutation(api.launches.cancel, { launchId: params.id });
  return { status: 202, body: { launchId: params.id } };
});
