/** Settings of Slipway and of what it talks to: whose account, key, cap and address. */
const SETTINGS =
  /^(DAYTONA|CONVEX|CLERK|NEXT_PUBLIC_CLERK|SLIPWAY)_|^(RELAY_SECRET|PORT)$/;

/** What the tests themselves read. */
const OWN =
  /^SLIPWAY_(CONFORMANCE.*|(TEST_)?SNAPSHOTS_DIR|TEST_SNAPSHOTS|SHARED_SKILLS|PICTURES|BACKEND_CLASS|PYTHON)$/;

/** Suites against a service that is there already mean the one that is set. */
const ASKED: [name: string, value: string, settings: RegExp][] = [
  ["SLIPWAY_CONFORMANCE_DAYTONA", "1", /^DAYTONA_/],
  ["SLIPWAY_CONFORMANCE", "replace", /^CONVEX_/],
];

/**
 * The environment without anybody's settings: a test that reads the `.env.local` of
 * whoever runs it would make sandboxes on their account.
 */
export function isolated(
  env: Record<string, string | undefined>,
): Record<string, string | undefined> {
  const asked = ASKED.filter(([name, value]) => env[name] === value);
  const isKept = (name: string) =>
    !SETTINGS.test(name) ||
    OWN.test(name) ||
    asked.some(([, , settings]) => settings.test(name));
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => isKept(name)),
  );
}
