const MAX_LENGTH = 64;

/**
 * The name a local person goes by: trimmed, inner spaces as one, compatible
 * characters folded. Two spellings of one name are one person, so `subject`
 * ignores case. Answers null for what cannot be a name: empty, over 64
 * characters, or with invisible ones.
 */
export function normaliseName(
  given: unknown,
): { name: string; subject: string } | null {
  if (typeof given !== "string") return null;
  const name = given.normalize("NFKC").replace(/\s+/gu, " ").trim();
  if (!name || /\p{C}/u.test(name)) return null;
  // Lower-cased it may be longer, and no longer composed.
  const subject = name.toLowerCase().normalize("NFKC");
  return subject.length > MAX_LENGTH ? null : { name, subject };
}
