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

/** Where terminals are; the ticket is the first message there, not in the address. */
export function terminalUrl(relayUrl: string): string {
  const url = new URL("/terminal", relayUrl);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

export function fileUrl(relayUrl: string, ticket: string): string {
  const url = new URL("/files", relayUrl);
  url.searchParams.set(TICKET, ticket);
  return url.href;
}
