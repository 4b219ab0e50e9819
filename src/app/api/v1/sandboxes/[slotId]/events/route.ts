import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { watchSandbox } from "@/server/api/sandbox-operations";
import { sandbox } from "@/server/api/sandbox-schemas";
import { stream } from "@/server/api/stream";

/** Where routes have a time limit, the longest there is; a client asks anew. */
export const maxDuration = 300;

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: stream(watchSandbox, {
    query: api.sandboxes.getSandbox,
    args: ({ slotId }) => ({ slotId }),
    missing: "You have no such sandbox.",
    event: "sandbox",
    tell: (record) => sandbox.parse(record),
    // What comes next in its place is another launch's.
    ended: ({ state: { status } }) => (status === "empty" ? status : null),
  }),
});
