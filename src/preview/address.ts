/** The parameter a ticket comes in; the relay takes it out of the address at once. */
const TICKET = "slipway-ticket";

/** Each preview has a name of its own in front of the relay's. */
export function previewUrl(
  relayUrl: string,
  label: string,
  ticket: string,
): string {
  const url = new URL(relayUrl);
  url.hostname = `${label}.${url.hostname}`;
  url.searchParams.set(TICKET, ticket);
  return url.href;
}

export function fileUrl(relayUrl: string, ticket: string): string {
  const url = new URL("/files", relayUrl);
  url.searchParams.set(TICKET, ticket);
  return url.href;
}
