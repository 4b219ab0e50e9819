import { v } from "convex/values";
import { query } from "./_generated/server";
import { unreadableSettings } from "./model/settings";

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
    unreadable: v.array(v.string()), // see model/settings
  }),
  handler: async (ctx) => {
    const missing = REQUIRED.filter((name) => !process.env[name]);
    const deployment = await ctx.db.query("deployment").first();
    const sweep = await ctx.db.query("sweeps").first();
    const removals = await ctx.db.query("removals").take(MAX_KINDS);
    const unreadable = unreadableSettings(process.env);
    return {
      ok: missing.length === 0 && !unreadable.some(({ needed }) => needed),
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
      unreadable: unreadable.map(({ name }) => name),
    };
  },
});

/** Kinds of rows that are removed for their age: about ten. */
const MAX_KINDS = 50;

/** Of every deployment; in the cloud all of them are the operator's to set. */
const REQUIRED = [
  "DAYTONA_API_URL",
  "DAYTONA_API_KEY",
  "SLIPWAY_SEAL_KEYS",
  "SLIPWAY_GIT_HOSTS",
  "AUTH_PROVIDER",
  "SLIPWAY_SNAPSHOT",
];
