/** Settings of Slipway and of what it talks to: whose account, key, cap and address. */
const SETTINGS =
  /^(DAYTONA|CONVEX|CLERK|NEXT_PUBLIC_CLERK|SLIPWAY)_|^(RELAY_SECRET|PORT)$/;

/** What the tests themselves read. */
const OWN =
  /^SLIPWAY_(CONFORMANCE.*|(TEST_)?SNAPSHOTS_DIR|TEST_SNAPSHOTS|SHARED_SKILLS|PICTURES|BACKEND_CLASS|PYTHON)$/;

/**
 * The environment without anybody's settings: a test that reads the `.env.local` of
 * whoever runs it would make sandboxes on their account. Whoever asks for the suites
 * against a service by `SLIPWAY_CONFORMANCE...` means the one that is set.
 */
export function isolated(
  env: Record<string, string | undefined>,
): Record<string, string | undefined> {
  const names = Object.keys(env);
  if (names.some((name) => name.startsWith("SLIPWAY_CONFORMANCE"))) return env;
  const kept = names.filter((name) => !SETTINGS.test(name) || OWN.test(name));
  return Object.fromEntries(kept.map((name) => [name, env[name]]));
}
