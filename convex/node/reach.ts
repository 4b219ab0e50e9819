"use node";

import { DaytonaNotFoundError } from "@daytonaio/sdk";
import { v, type Infer } from "convex/values";
import { z } from "zod";
import { internalAction } from "../_generated/server";
import { failure } from "../model/errors";
import { failureValidator } from "../validators";
import { handle } from "./daytona";
import { bounded, describe } from "./providerErrors";

/** The other half of the provider's adapter: where the relay finds a sandbox. */

const reached = v.union(
  v.object({ ok: v.literal(false), error: failureValidator }),
  v.object({
    ok: v.literal(true),
    target: v.object({ url: v.string(), token: v.string() }),
  }),
);

const address = z.object({ url: z.url(), token: z.string().min(1) });

/** Its toolbox takes the preview token of any port, as it does from browsers. */
const ANY_PORT = 1;

/**
 * Address and token of one port, or of the toolbox (terminals, files) where none
 * is named. The token is this sandbox's and dies with its next stop; the
 * provider's key stays here.
 */
export const reach = internalAction({
  args: {
    remote: v.object({
      remoteId: v.string(),
      credential: v.optional(v.string()),
    }),
    port: v.optional(v.number()),
  },
  returns: reached,
  handler: async (_ctx, { remote, port }): Promise<Infer<typeof reached>> => {
    try {
      const target = await bounded(async () => {
        const sandbox = await handle(remote.remoteId);
        const link = await sandbox.getPreviewLink(port ?? ANY_PORT);
        const toolbox = `${sandbox.toolboxProxyUrl.replace(/\/+$/, "")}/${sandbox.id}`;
        return address.parse({
          url: port === undefined ? toolbox : link.url,
          token: link.token,
        });
      });
      return { ok: true, target };
    } catch (error) {
      if (error instanceof DaytonaNotFoundError) {
        const gone = "The sandbox provider does not know the sandbox any more.";
        return { ok: false, error: failure("sandbox_unreachable", gone) };
      }
      return { ok: false, error: describe(error) };
    }
  },
});
