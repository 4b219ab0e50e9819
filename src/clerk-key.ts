/**
 * The host that a Clerk publishable key names: it is `pk_(test|live)_` and base64 of
 * the host with a `$`. Null for what is no such key.
 */
export function clerkHost(publishableKey: string | undefined): string | null {
  const encoded = publishableKey?.split("_")[2];
  if (!encoded) return null;
  const host = Buffer.from(encoded, "base64").toString().replace(/\$$/, "");
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(host) ? host : null;
}
