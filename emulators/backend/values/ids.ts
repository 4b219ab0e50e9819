/**
 * Document ids look and behave like Convex's: base 32, 31 or 32 characters,
 * carrying the number of their table (so `v.id("t")` can be checked without a
 * lookup), 16 random bytes and a checksum (so a mangled id is not an id).
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const VALUE_OF = new Map([...ALPHABET].map((char, value) => [char, value]));
const RANDOM_BYTES = 16;

export function encodeId(tableNumber: number, random: Uint8Array): string {
  if (random.length !== RANDOM_BYTES) {
    throw new Error(`an id takes ${RANDOM_BYTES} random bytes`);
  }
  const bytes: number[] = [];
  let rest = tableNumber;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  bytes.push(...random);
  const sum = checksum(bytes);
  bytes.push(sum >> 8, sum & 0xff);
  return toBase32(bytes);
}

/** The table number of an id, or null if the text is no id at all. */
export function decodeId(id: string): { tableNumber: number } | null {
  const bytes = fromBase32(id);
  if (bytes === null || bytes.length < RANDOM_BYTES + 3) return null;
  let tableNumber = 0;
  let length = 0;
  for (;;) {
    const byte = bytes[length];
    if (byte === undefined || length > 4) return null;
    tableNumber |= (byte & 0x7f) << (7 * length);
    length += 1;
    if (byte < 0x80) break;
  }
  if (bytes.length !== length + RANDOM_BYTES + 2) return null;
  const body = bytes.slice(0, -2);
  const sum =
    ((bytes[bytes.length - 2] as number) << 8) |
    (bytes[bytes.length - 1] as number);
  return checksum(body) === sum ? { tableNumber } : null;
}

/** Fletcher-16. */
function checksum(bytes: readonly number[]): number {
  let low = 0;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 255;
    high = (high + low) % 255;
  }
  return (high << 8) | low;
}

function toBase32(bytes: readonly number[]): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  if (bits > 0) text += ALPHABET[(buffer << (5 - bits)) & 31];
  return text;
}

function fromBase32(text: string): number[] | null {
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const char of text) {
    const value = VALUE_OF.get(char);
    if (value === undefined) return null;
    buffer = (buffer << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 0xff);
      buffer &= (1 << bits) - 1;
    }
  }
  // Left over are the zero bits that fill the last character, no more.
  return buffer === 0 && bits < 5 ? bytes : null;
}
