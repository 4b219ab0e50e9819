import { v } from "convex/values";
import { query } from "./_generated/server";
import { parseRetention } from "./model/retention";

/** Whether the deployment is configured, and what the sweeper last saw. Public; tells names of what is missing, no value. */
export const get = query({
  args: {},
  returns: v.object({
    ok: v.boolean(),
    mode: v.string(),
    deploymentId: v.union(v.string(), v.null()),
    missing: v.array(v.string()),
    sweep: v.union(
      v.null(),
      v.object({
        at: v.number(),
        listed: v.number(),
        orphansHealed: v.number(),
        halted: v.union(v.string(), v.null()),
      }),
    ),
    removed: v.array(
      v.object({ kind: v.string(), count: v.number(), lastAt: v.number() }),
    ),
    unreadable: v.array(v.string()), // settings that say nothing we understand
  }),
  handler: async (ctx) => {
    const missing = REQUIRED.filter((name) => !process.env[name]);
    const deployment = await ctx.db.query("deployment").first();
    const sweep = await ctx.db.query("sweeps").first();
    const removals = await ctx.db.query("removals").take(MAX_KINDS);
    const { SLIPWAY_RETENTION_DAYS } = process.env;
    return {
      ok: missing.length === 0,
      mode: process.env.SLIPWAY_MODE ?? "cloud",
      deploymentId: deployment?.deploymentId ?? null,
      missing,
      sweep: sweep && {
        at: sweep.at,
        listed: sweep.listed,
        orphansHealed: sweep.orphansHealed,
        halted: sweep.halted ?? null,
      },
      removed: removals.flatMap(({ kind, count, lastAt }) =>
        lastAt === undefined ? [] : [{ kind, count, lastAt }],
      ),
      unreadable: parseRetention(SLIPWAY_RETENTION_DAYS)
        ? []
        : ["SLIPWAY_RETENTION_DAYS"],
    };
  },
});

/** Kinds of rows that are removed for their age: about ten. */
const MAX_KINDS = 50;

const REQUIRED = [
  "DAYTONA_API_URL",
  "DAYTONA_API_KEY",
  "SLIPWAY_SEAL_KEYS",
  "SLIPWAY_GIT_HOSTS",
];
