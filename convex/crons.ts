import { cronJobs } from "convex/server";
import { internal } from "./_generated/api";

const crons = cronJobs();

crons.interval(
  "expire waits",
  { seconds: 15 },
  internal.lifecycle.expiry.expire,
  {},
);
crons.interval(
  "call in who waits for a berth",
  { seconds: 15 },
  internal.lifecycle.berths.expire,
  {},
);
crons.interval("check turns", { seconds: 15 }, internal.turns.check, {});
crons.interval(
  "probe running sandboxes",
  { seconds: 60 },
  internal.lifecycle.probes.probeRunning,
  {},
);
crons.interval(
  "sweep the provider",
  { seconds: 60 },
  internal.node.sweeper.sweep,
  {},
);

crons.interval(
  "remove what is old",
  { hours: 1 },
  internal.lifecycle.retention.start,
  {},
);

export default crons;
