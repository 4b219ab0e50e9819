"use node";

import * as provider from "./daytona";
import { bounded, describe } from "./providerErrors";
import { RemoteError } from "./sandboxd";

/** Where a sandbox was asked. */
type Asked = { remoteId: string; url: string; previewToken: string };

/** The provider is asked for no longer, in ms: whoever asks has a lease. */
const PATIENCE = 10_000;

/**
 * Whether a request failed because the sandbox has another address by now, as
 * after a restart. The provider's proxy turns away what it cannot check as
 * well: only another address is a move, and no answer says nothing.
 */
export async function hasMoved(
  error: unknown,
  { remoteId, url, previewToken }: Asked,
): Promise<boolean> {
  if (!(error instanceof RemoteError) || !isTurnedAway(error)) return false;
  try {
    const now = await bounded(
      async () => provider.accessTo(await provider.handle(remoteId)),
      PATIENCE,
    );
    return now.url !== url || now.token !== previewToken;
  } catch (failed) {
    console.error(`address of ${remoteId}: ${describe(failed).message}`);
    return false;
  }
}

/** Whether the provider's proxy, not the daemon, wants another token, or its login page. */
function isTurnedAway({ kind, status = 0 }: RemoteError): boolean {
  return kind === "unreachable" && [302, 307, 401, 403].includes(status);
}
