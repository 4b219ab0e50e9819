import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import {
  declineRestore,
  getRestore,
  restore,
} from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getRestore, async ({ backend }) => {
    const fleet = await backend.query(api.fleet.get, {});
    return { items: fleet?.items ?? [] };
  }),
  POST: serve(restore, async ({ once, backend }) => {
    return await backend.mutation(api.fleet.restore, { once });
  }),
  DELETE: serve(declineRestore, async ({ once, backend }) => {
    await backend.mutation(api.fleet.decline, { once });
    return {};
  }),
});
