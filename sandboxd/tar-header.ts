import { hostile } from "./archive-rules";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A NUL-terminated text field. Not UTF-8: two readers would see two names. */
export function textField(block: Buffer, start: number, length: number) {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decode(end < 0 ? field : field.subarray(0, end));
}

/** An octal number. GNU's base-256 form means over 8 GiB: refused. */
export function octalField(block: Buffer, start: number, length: number) {
  const text = block
    .toString("latin1", start, start + length)
    .replace(/^[ \0]+|[ \0]+$/g, "");
  if (text === "") return 0;
  if (!/^[0-7]+$/.test(text)) throw hostile("a number in a header is garbled");
  return Number.parseInt(text, 8);
}

export function verifyChecksum(header: Buffer): void {
  let sum = 0;
  for (const [at, byte] of header.entries()) {
    sum += at >= 148 && at < 156 ? 0x20 : byte;
  }
  if (sum !== octalField(header, 148, 8)) {
    throw hostile("it is not a tar archive, or it is damaged");
  }
}

/** The `length key=value\n` records of a pax header. */
export function* paxRecords(content: Buffer): Generator<[string, string]> {
  let offset = 0;
  while (offset < content.length) {
    const space = content.indexOf(0x20, offset);
    const length = Number(content.toString("latin1", offset, space));
    const end = offset + length;
    const whole = Number.isInteger(length) && content[end - 1] === 0x0a;
    if (space < 0 || !whole || end - 1 <= space || end > content.length) {
      throw hostile("a pax record is garbled");
    }
    const equals = content.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw hostile("a pax record has no value");
    yield [
      decode(content.subarray(space + 1, equals)),
      decode(content.subarray(equals + 1, end - 1)),
    ];
    offset = end;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw hostile("a name is not UTF-8");
    throw error;
  }
}
