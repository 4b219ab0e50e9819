/** A regular file of a skill; `path` is relative to the skill's folder, with "/". */
export type SkillFileContent = {
  path: string;
  executable: boolean;
  content: Uint8Array;
};

/**
 * The identity of a skill's content, as lower-case hex: sha256 over, for each file
 * in bytewise order of path, `path NUL (x|-) NUL sha256hex(content) LF`. sandboxd
 * computes the same over what it finds on disk, so an install is confirmed by it.
 */
export async function digestFiles(
  files: readonly SkillFileContent[],
): Promise<string> {
  const lines: string[] = [];
  for (const file of sortByPath(files)) {
    const hash = await sha256Hex(file.content);
    lines.push(`${file.path}\0${file.executable ? "x" : "-"}\0${hash}\n`);
  }
  return await sha256Hex(new TextEncoder().encode(lines.join("")));
}

/**
 * Sorted by the bytes of the path. JavaScript's own order compares UTF-16 units,
 * which differs beyond the basic plane.
 */
export function sortByPath<T extends { path: string }>(
  files: readonly T[],
): T[] {
  const encoder = new TextEncoder();
  return files
    .map((file) => ({ file, bytes: encoder.encode(file.path) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes))
    .map(({ file }) => file);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest(
    "SHA-256",
    bytes as Uint8Array<ArrayBuffer>,
  );
  return Array.from(new Uint8Array(hash), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
