/** So many groups all addresses fall into: a flood of them makes no more rows. */
const GROUPS = 4_096;

/**
 * The group of an address, to count by: what is counted tells no address, and
 * there are at most 4,096. An IPv6 network of 64 bits is one address: whoever
 * has one of it has them all. Null, where nobody knows, is a group too.
 */
export function groupOf(ip: string | null): string {
  return String(hash(ip === null ? "" : networkOf(ip)) % GROUPS);
}

/** What one party holds: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf(ip: string): string {
  const address = ip.toLowerCase().replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const words = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const rest = tail === "" ? [] : tail.split(":");
    while (words.length + rest.length < 8) words.push("0");
    words.push(...rest);
  }
  const first = words.slice(0, 4).map((word) => parseInt(word, 16));
  return first.map((word) => word.toString(16)).join(":");
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) {
    value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  return value >>> 0;
}
