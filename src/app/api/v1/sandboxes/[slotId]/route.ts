import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { deleteSandbox, getSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";
import { ApiError } from "@/server/problem";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getSandbox, async ({ params, backend }) => {
    const { slotId } = params;
    const sandbox = await backend.query(api.sandboxes.getSandbox, { slotId });
    if (!sandbox) throw new ApiError("not_found", "You have no such sandbox.");
    return sandbox;
  }),
  DELETE: serve(deleteSandbox, async ({ params, once, backend }) => {
    const { slotId } = params;
    await backend.mutation(api.sandboxes.remove, { slotId, once });
    return { slotId };
  }),
});
