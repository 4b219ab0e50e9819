import type { Guard } from "./guard";

/** The bound on jobs that sandboxes can make long. */

export const BERTHS: Record<string, Guard> = {
  "a copy has a berth": {
    breaks: "those who replace at once leave no job for anybody else",
    scene: "nine who replace at once",
    edits: [
      {
        file: "lifecycle/driver.ts",
        find: "if (copies && !(await boardCopy(ctx, lease, slot))) return null;",
        put: "",
      },
    ],
  },
  "an install has a berth": {
    breaks: "slow sandboxes leave no job for anybody else",
    scene: "nine who install at once, in slow sandboxes",
    edits: [
      {
        file: "lifecycle/installs.ts",
        find: 'if (!(await board(ctx, "installs", flight, slot))) {',
        put: "if (!slot) {",
      },
    ],
  },
  "nobody has every berth": {
    breaks: "one person's slow sandbox keeps everybody waiting",
    scene: "one who wants much of a sandbox that does not answer",
    edits: [
      {
        file: "model/berths.ts",
        find: "installs: { deployment: 3, user: 2,",
        put: "installs: { deployment: 3, user: 3,",
      },
    ],
  },
  "the wants of one stand apart in line": {
    breaks: "who wants much is in front of everybody who wants a little",
    scene: "nine who install at once, in slow sandboxes",
    edits: [
      {
        file: "model/berths.ts",
        find: "Math.max(now, last + BERTHS[kind].apart)",
        put: "now",
      },
    ],
  },
  "time in line is not the copy's": {
    breaks: "a replacement halts because others' took long",
    scene: "a copy behind others that take twenty minutes",
    edits: [
      {
        file: "lifecycle/expiry.ts",
        find: "!inLine && (await expireOverdue(",
        put: "(await expireOverdue(",
      },
    ],
  },
  "half an hour in line ends an install": {
    breaks:
      "what nobody waits for any more stands in line, and holds up expiry",
    scene: "an install behind others that never end",
    edits: [
      {
        file: "lifecycle/installs.ts",
        find: "if (!flight.waits && !(await isAbandoned(ctx, flight))) {",
        put: "if (!(await isAbandoned(ctx, flight))) {",
      },
    ],
  },
  "a berth ends with its time": {
    breaks: "workers that die take their berths with them",
    scene: "a job with a berth that dies",
    edits: [
      {
        file: "lifecycle/berths.ts",
        find: 'for (const berth of silent) await ctx.db.delete("berths", berth._id);',
        put: "",
      },
    ],
  },
  "a berth is the job's": {
    breaks: "what is given up while it hangs is not counted",
    scene: "one who stops what does not answer, again and again",
    edits: [
      {
        file: "lifecycle/leases.ts",
        find: '  if (lease) await ctx.db.delete("leases", lease._id);',
        put: `  if (!lease) return;
  await ctx.db.delete("leases", lease._id);
  for (const berth of await ctx.db.query("berths").collect()) {
    if (berth.token === lease.token) await ctx.db.delete("berths", berth._id);
  }`,
      },
    ],
  },
  "a copy goes on only with its berth": {
    breaks: "a worker that was silent copies on beside who has its berth",
    scene: "a copy whose berth has gone to another",
    edits: [
      {
        file: "lifecycle/driver.ts",
        find: "return await stayAboard(ctx, args);",
        put: "return (await stayAboard(ctx, args)) || true;",
      },
    ],
  },
  "a copy waits for what ends by itself": {
    breaks: "a new sandbox that is busy for a minute is given up for another",
    scene: "a copy into a sandbox that another copy still has",
    edits: [
      {
        file: "model/replace.ts",
        find: '      return to(slot, state, "retry");\n',
        put: '      return copyAgain(slot, state, "claim", now, unclaimed(state));\n',
      },
    ],
  },
  "a berth is left by its own sandbox's job": {
    breaks: "a report that was mixed up frees the berth of a job that runs",
    scene: "a report of an install, for another sandbox",
    edits: [
      {
        file: "lifecycle/berths.ts",
        find: "if (berth?.slotId !== slotId) return null;",
        put: "if (!berth) return null;",
      },
    ],
  },
  "a berth is left by its own generation's job": {
    breaks: "a report of what was before frees the berth of what is",
    scene: "a report of a copy, of the generation before",
    edits: [
      {
        file: "lifecycle/berths.ts",
        find: "return same ? berth : null;",
        put: "return same ? berth : berth;",
      },
    ],
  },
  "a berth is not given up under its job": {
    breaks: "what is not wanted any more and still hangs is not counted",
    scene: "an install that begins again when nobody wants it",
    edits: [
      {
        file: "lifecycle/berths.ts",
        find: "if (berth?.calledIn) await free(ctx, berth);",
        put: "if (berth) await free(ctx, berth);",
      },
    ],
  },
};
