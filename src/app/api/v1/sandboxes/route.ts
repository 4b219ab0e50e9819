import { api } from "@convex/_generated/api";
import { route } from "@/server/route";

/** The caller's sandboxes, from the records: nothing is probed. */
export const GET = route(async ({ backend }) => ({
  body: { sandboxes: await backend.query(api.sandboxes.list, {}) },
}));
