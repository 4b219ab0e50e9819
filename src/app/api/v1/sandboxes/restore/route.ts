import { api } from "@convex/_generated/api";
import {
  declineRestore,
  getRestore,
  restore,
} from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const GET = serve(getRestore, async ({ backend }) => {
  const fleet = await backend.query(api.fleet.get, {});
  return { items: fleet?.items ?? [] };
});

export const POST = serve(restore, async ({ once, backend }) => {
  return await backend.mutation(api.fleet.restore, { once });
});

export const DELETE = serve(declineRestore, async ({ backend }) => {
  await backend.mutation(api.fleet.decline, {});
  return {};
});
