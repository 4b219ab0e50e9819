/** What a skill says it needs to be given, by the names of environment variables. */

/** More than a skill can sensibly ask for; it keeps a record small. */
const MAX_SECRETS = 30;
const NAME = /^[A-Z][A-Z0-9_]{0,99}$/;
/** Top-level fields in use for it: a list of names or of objects, or a map by name. */
export const SECRET_FIELDS = [
  "required_environment_variables",
  "environment",
  "env",
];

/**
 * The names of the values a SKILL.md's frontmatter asks for, each once, in the
 * order given, at most 30. There is no field for it in the specification; read
 * are `required_environment_variables`, `environment` and `env`, and what
 * vendors put below `metadata`: `requires.env` and `primaryEnv`. What is not
 * upper-case letters, digits and underscores is no name and is passed over.
 */
export function secretsOf(fields: ReadonlyMap<string, unknown>): string[] {
  const found = SECRET_FIELDS.flatMap((field) => namesIn(fields.get(field)));
  for (const vendor of valuesOf(fields.get("metadata"))) {
    found.push(...namesIn(get(get(vendor, "requires"), "env")));
    found.push(...namesIn(get(vendor, "primaryEnv")));
  }
  const names = found.filter((name) => NAME.test(name));
  return [...new Set(names)].slice(0, MAX_SECRETS);
}

/** `NAME`, a list of names or of `{name}`, or a map by name. */
function namesIn(value: unknown): string[] {
  if (typeof value === "string") return [value.trim()];
  if (value instanceof Map) return [...value.keys()].map(String);
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const name = item instanceof Map ? get(item, "name") : item;
    return typeof name === "string" ? [name.trim()] : [];
  });
}

function get(value: unknown, key: string): unknown {
  return value instanceof Map ? (value.get(key) as unknown) : undefined;
}

function valuesOf(value: unknown): unknown[] {
  return value instanceof Map ? [...value.values()] : [];
}
