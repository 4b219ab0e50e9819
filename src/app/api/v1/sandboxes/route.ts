import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { listSandboxes } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(listSandboxes, async ({ backend }) => ({
    sandboxes: await backend.query(api.sandboxes.list, {}),
  })),
});
