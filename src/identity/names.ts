/** Local names this browser has used, newest first; the first may be signed in. */
export type RememberedNames = { current: string | null; names: string[] };

const KEY = "slipway.identity";
const REMEMBERED = 8;
const NOBODY: RememberedNames = { current: null, names: [] };

const MAX_LENGTH = 64;

/**
 * The name as kept: " Ada  Lovelace" is "ada lovelace", to the local issuer too
 * (emulators/identity/name.ts), so that the command line and the pages mean the
 * same person. Null for what cannot be a name: empty, over 64 characters, or with
 * invisible ones.
 */
export function tidyName(text: string): string | null {
  const typed = text.normalize("NFKC").replace(/\s+/gu, " ").trim();
  // Lower-cased it may be longer, and no longer composed.
  const name = typed.toLowerCase().normalize("NFKC");
  const fits = name && name.length <= MAX_LENGTH && !/\p{C}/u.test(typed);
  return fits ? name : null;
}

export function parseNames(stored: string | null): RememberedNames {
  if (!stored) return NOBODY;
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch (error) {
    if (error instanceof SyntaxError) return NOBODY; // someone else's value
    throw error;
  }
  if (typeof value !== "object" || value === null) return NOBODY;
  const names =
    "names" in value && Array.isArray(value.names)
      ? value.names.filter(isName).slice(0, REMEMBERED)
      : [];
  const current =
    "current" in value && isName(value.current) ? value.current : null;
  return { current, names };
}

export function withCurrent(
  remembered: RememberedNames,
  name: string | null,
): RememberedNames {
  if (name === null) return { ...remembered, current: null };
  const others = remembered.names.filter((other) => other !== name);
  return { current: name, names: [name, ...others].slice(0, REMEMBERED) };
}

export function withoutName(
  remembered: RememberedNames,
  name: string,
): RememberedNames {
  return {
    current: remembered.current === name ? null : remembered.current,
    names: remembered.names.filter((other) => other !== name),
  };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && tidyName(value) === value;
}

// ---- the browser's store -------------------------------------------------

const listeners = new Set<() => void>();
let cached: { text: string | null; value: RememberedNames } | null = null;

/** Same object until the stored text changes: React compares by identity. */
export function readNames(): RememberedNames {
  const text = localStorage.getItem(KEY);
  if (cached?.text !== text) cached = { text, value: parseNames(text) };
  return cached.value;
}

export function writeNames(value: RememberedNames): void {
  localStorage.setItem(KEY, JSON.stringify(value));
  for (const listener of listeners) listener();
}

export function subscribeNames(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("storage", listener); // other tabs sign in and out too
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", listener);
  };
}
