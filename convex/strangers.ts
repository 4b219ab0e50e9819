import type { ActionCtx } from "./_generated/server";
import { json } from "./chat/body";
import { limitStranger } from "./limits";
import { openAiError } from "./model/chat/upstream";
import { problemBody, retryAfter } from "./model/problem";

type Handler = (ctx: ActionCtx, request: Request) => Promise<Response>;

/** How the routes below say that a credential is none they know. */
const UNKNOWN: ReadonlySet<string> = new Set(["unauthorized", "forbidden"]);

/**
 * A route that counts, for each address, the credentials it was shown that are
 * none. Over the limit its answer to another is 429. A right one always goes
 * through, and costs nothing more: all sandboxes of a provider come from a few
 * addresses, and none of them can get its neighbours refused.
 */
export function countStrangers(handler: Handler): Handler {
  return async (ctx, request) => {
    const response = await handler(ctx, request);
    if (!(await isToStranger(response))) return response;
    const limited = await limitStranger(ctx);
    if (!limited) return response;
    const { retryAfterMs, ...fault } = limited;
    return json(
      429,
      // Agents read `error`, everybody else the rest.
      { ...problemBody(fault), ...openAiError(fault) },
      {
        "content-type": "application/problem+json",
        "retry-after": retryAfter(retryAfterMs),
      },
    );
  };
}

async function isToStranger(response: Response): Promise<boolean> {
  if (response.status !== 401 && response.status !== 403) return false;
  const body = (await response.clone().json()) as {
    code?: string;
    error?: { code?: string };
  };
  return UNKNOWN.has(body.code ?? body.error?.code ?? "");
}
