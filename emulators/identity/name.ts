const MAX_LENGTH = 64;

/**
 * The name a local person goes by: trimmed, inner spaces as one, compatible
 * characters folded. Two spellings of one name are one person, so `subject`
 * ignores case. Answers null for what cannot be a name: empty, over 64
 * characters, or with control characters.
 */
export function normaliseName(
  given: unknown,
): { name: string; subject: string } | null {
  if (typeof given !== "string") return null;
  const name = given.normalize("NFKC").replace(/\s+/gu, " ").trim();
  if (!name || name.length > MAX_LENGTH || /\p{C}/u.test(name)) return null;
  return { name, subject: name.toLowerCase() };
}
