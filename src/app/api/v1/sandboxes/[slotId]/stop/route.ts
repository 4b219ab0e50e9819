import { api } from "@convex/_generated/api";
import { route } from "@/server/route";

export const POST = route<{ slotId: string }>(
  async ({ params: { slotId }, backend }) => {
    await backend.mutation(api.sandboxes.stop, { slotId });
    return { status: 202, body: { slotId } };
  },
);
