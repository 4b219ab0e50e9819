import { api } from "@convex/_generated/api";
import type { Purpose } from "@convex/model/ticket";
import { fileUrl, previewUrl, terminalUrl } from "../preview/address";
import type { Backend } from "./backend";
import { serverEnvironment } from "./environment";
import { ApiError } from "./problem";

/**
 * A ticket to the caller's sandbox, and where it is good.
 *
 * @throws ApiError `relay_unavailable` where the pages know of no relay.
 */
export async function issueTicket(
  backend: Backend,
  slotId: string,
  purpose: Purpose,
): Promise<{ ticket: string; url: string; expiresAt: number }> {
  const { relayUrl } = serverEnvironment();
  if (!relayUrl) {
    throw new ApiError("relay_unavailable", "This deployment has no relay.");
  }
  const { ticket, label, expiresAt } = await backend.action(api.tickets.issue, {
    slotId,
    purpose,
  });
  const url = {
    terminal: () => terminalUrl(relayUrl),
    port: () => previewUrl(relayUrl, label ?? "", ticket),
    file: () => fileUrl(relayUrl, ticket),
  }[purpose.kind]();
  return { ticket, url, expiresAt };
}
