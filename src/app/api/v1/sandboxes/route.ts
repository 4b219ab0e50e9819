import { api } from "@convex/_generated/api";
import { listSandboxes } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const GET = serve(listSandboxes, async ({ backend }) => ({
  sandboxes: await backend.query(api.sandboxes.list, {}),
}));
