import { api } from "@convex/_generated/api";
import { launchAnswer } from "@/server/api/answers";
import { methods } from "@/server/api/methods";
import { watchLaunch } from "@/server/api/operations";
import { launch } from "@/server/api/schemas";
import { stream } from "@/server/api/stream";

/** Where routes have a time limit, the longest there is; a client asks anew. */
export const maxDuration = 300;

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: stream(watchLaunch, {
    query: api.launches.get,
    args: ({ id }) => ({ launchId: id }),
    missing: "You have no such launch.",
    event: "launch",
    tell: (record) => launch.parse(launchAnswer(record)),
    ended: ({ endedAt, state }) => (endedAt === null ? null : state),
  }),
});
