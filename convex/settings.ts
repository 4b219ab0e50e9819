import { v } from "convex/values";
import { getUser, requireUser } from "./access";
import { internal } from "./_generated/api";
import type { Id } from "./_generated/dataModel";
import {
  action,
  internalMutation,
  mutation,
  query,
  type MutationCtx,
} from "./_generated/server";
import { modelOf } from "./chat/enqueue";
import { checkKey } from "./chat/keyCheck";
import { refuse } from "./model/errors";
import { limitKey } from "./limits";
import { deploymentProviders, type Provider } from "./model/providers";
import { aad, seal } from "./model/seal";
import { failureValidator } from "./validators";

const providerView = v.object({
  id: v.string(),
  label: v.string(),
  keyless: v.boolean(),
  needsKey: v.boolean(), // and has none yet
  lastFour: v.union(v.string(), v.null()),
  defaultModel: v.union(v.string(), v.null()),
});

const choice = v.object({ providerId: v.string(), model: v.string() });

const settings = v.object({
  providers: v.array(providerView),
  choice: v.union(choice, v.null()),
  effective: v.union(
    v.object({
      providerId: v.string(),
      model: v.string(),
      label: v.string(),
    }),
    v.null(),
  ),
  problem: v.union(failureValidator, v.null()),
});

/** The user's model settings; null while signed out. No key, only its last four characters. */
export const get = query({
  args: {},
  returns: v.union(settings, v.null()),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    // A person who has written nothing yet has no row, and no settings either.
    const signedIn = user ?? (await ctx.auth.getUserIdentity());
    if (!signedIn) return null;
    const model = await modelOf(ctx, user?._id ?? null);
    const providers = model.list.ok ? model.list.providers : [];
    return {
      providers: providers.map(({ id, label, keyless, defaultModel }) => {
        const key = model.keys.find(({ providerId }) => providerId === id);
        return {
          id,
          label,
          keyless,
          needsKey: !keyless && !key,
          lastFour: key?.lastFour ?? null,
          defaultModel,
        };
      }),
      choice: model.choice && {
        providerId: model.choice.providerId,
        model: model.choice.model,
      },
      effective: model.ok
        ? {
            providerId: model.provider.id,
            model: model.model,
            label: model.provider.label,
          }
        : null,
      problem: model.ok ? null : model.problem,
    };
  },
});

/**
 * Tests a key against its provider, seals and stores it, and makes the provider
 * the user's choice. `model` defaults to the provider's own. Nothing changes
 * when it throws: `model_not_allowed`, `model_refused_key`, `model_failed`,
 * `model_rate_limited`, `bad_request`, `secret_unreadable`, `rate_limited`,
 * `not_signed_in`.
 */
export const saveKey = action({
  args: {
    providerId: v.string(),
    key: v.string(),
    model: v.optional(v.string()),
  },
  returns: v.object({ lastFour: v.string() }),
  handler: async (ctx, args): Promise<{ lastFour: string }> => {
    const userId: Id<"users"> = await ctx.runMutation(
      internal.settings.beginSaving,
      {},
    );
    const provider = requireProvider(args.providerId);
    if (provider.keyless) {
      throw refuse("bad_request", `${provider.label} takes no key.`);
    }
    const model = requireModel(provider, args.model);
    const key = requireKey(args.key);
    await checkKey(provider, key);
    const lastFour = key.slice(-4);
    await ctx.runMutation(internal.settings.storeKey, {
      userId,
      providerId: provider.id,
      sealed: await seal(key, aad.provider(userId, provider.id)),
      lastFour,
      model,
    });
    return { lastFour };
  },
});

/**
 * Whose key it will be; its row is made here if it is their first write. A try
 * counts before the provider is asked, so that one it refuses counts too.
 */
export const beginSaving = internalMutation({
  args: {},
  returns: v.id("users"),
  handler: async (ctx) => {
    const user = await requireUser(ctx);
    await limitKey(ctx, user._id);
    return user._id;
  },
});

export const storeKey = internalMutation({
  args: {
    userId: v.id("users"),
    providerId: v.string(),
    sealed: v.string(),
    lastFour: v.string(),
    model: v.string(),
  },
  returns: v.null(),
  handler: async (ctx, { userId, model, ...key }) => {
    const old = await keyOf(ctx, userId, key.providerId);
    if (old) await ctx.db.patch("providerKeys", old._id, key);
    else await ctx.db.insert("providerKeys", { userId, ...key });
    await setChoice(ctx, userId, { providerId: key.providerId, model });
    return null;
  },
});

/** Chooses the model that answers. Throws `model_not_allowed`, `model_not_set`, `bad_request`. */
export const choose = mutation({
  args: { providerId: v.string(), model: v.string() },
  returns: v.null(),
  handler: async (ctx, { providerId, model }) => {
    const user = await requireUser(ctx);
    const provider = requireProvider(providerId);
    const key = await keyOf(ctx, user._id, providerId);
    if (!provider.keyless && !key) {
      throw refuse("model_not_set", `${provider.label} needs your key first.`);
    }
    await setChoice(ctx, user._id, {
      providerId,
      model: requireModel(provider, model),
    });
    return null;
  },
});

/** Deletes a provider's key, and the choice of that provider with it. */
export const forgetKey = mutation({
  args: { providerId: v.string() },
  returns: v.null(),
  handler: async (ctx, { providerId }) => {
    const user = await requireUser(ctx);
    const key = await keyOf(ctx, user._id, providerId);
    if (!key) return null;
    await ctx.db.delete("providerKeys", key._id);
    const chosen = await choiceOf(ctx, user._id);
    if (chosen?.providerId === providerId) {
      await ctx.db.delete("modelChoices", chosen._id);
    }
    return null;
  },
});

function requireProvider(providerId: string): Provider {
  const list = deploymentProviders();
  const provider =
    list.ok && list.providers.find(({ id }) => id === providerId);
  if (provider) return provider;
  throw refuse(
    "model_not_allowed",
    "This deployment does not offer that model provider.",
  );
}

function requireModel(provider: Provider, given: string | undefined): string {
  const model = given?.trim() || provider.defaultModel;
  if (!model) {
    throw refuse("bad_request", `Name a model of ${provider.label} to use.`);
  }
  if (model.length > 200) {
    throw refuse("bad_request", "A model's name has at most 200 characters.");
  }
  return model;
}

/** A key goes into a header, so it is visible ASCII; the rest is a slip of the clipboard. */
function requireKey(given: string): string {
  const key = given.trim();
  if (/^[\x21-\x7e]{8,500}$/.test(key)) return key;
  throw refuse(
    "bad_request",
    "That is not a key: it must be 8 to 500 characters without spaces.",
  );
}

function keyOf(ctx: MutationCtx, userId: Id<"users">, providerId: string) {
  return ctx.db
    .query("providerKeys")
    .withIndex("by_user_and_provider_id", (q) =>
      q.eq("userId", userId).eq("providerId", providerId),
    )
    .unique();
}

function choiceOf(ctx: MutationCtx, userId: Id<"users">) {
  return ctx.db
    .query("modelChoices")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .unique();
}

async function setChoice(
  ctx: MutationCtx,
  userId: Id<"users">,
  next: { providerId: string; model: string },
): Promise<void> {
  const old = await choiceOf(ctx, userId);
  if (old) await ctx.db.patch("modelChoices", old._id, next);
  else await ctx.db.insert("modelChoices", { userId, ...next });
}
