import { api } from "@convex/_generated/api";
import { ApiError } from "@/server/problem";
import { route } from "@/server/route";

export const GET = route<{ slotId: string }>(async ({ params, backend }) => {
  const sandbox = await backend.query(api.sandboxes.getSandbox, params);
  if (!sandbox) throw new ApiError("not_found", "You have no such sandbox.");
  return { body: sandbox };
});

/** Deletes the sandbox and what is on its disk. */
export const DELETE = route<{ slotId: string }>(
  async ({ params: { slotId }, backend }) => {
    await backend.mutation(api.sandboxes.remove, { slotId });
    return { status: 202, body: { slotId } };
  },
);
