/**
 * Names one intent of a person, so that sending it twice does it once. Not
 * `crypto.randomUUID`: that is missing on plain http beyond loopback.
 */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
