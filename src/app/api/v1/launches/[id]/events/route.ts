import { methods } from "@/server/api/methods";
import { streamLaunch } from "@/server/api/watch-launch";

/** Where routes have a time limit, the longest there is; a client asks anew. */
export const maxDuration = 300;

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: streamLaunch,
});
