import { api } from "@convex/_generated/api";
import { readPage } from "@/server/api/cursor";
import { methods } from "@/server/api/methods";
import { getSandboxLog } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";
import { ApiError } from "@/server/problem";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getSandboxLog, async ({ params, query, backend }) => {
    const { slotId } = params;
    const [sandbox, result] = await Promise.all([
      backend.query(api.sandboxes.getSandbox, { slotId }),
      readPage(`log ${slotId}`, query, (paginationOpts) =>
        backend.query(api.logs.ofSandbox, { slotId, paginationOpts }),
      ),
    ]);
    if (!sandbox) throw new ApiError("not_found", "You have no such sandbox.");
    return { slotId, events: result.page, nextCursor: result.nextCursor };
  }),
});
