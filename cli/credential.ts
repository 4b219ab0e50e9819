import { z } from "zod";
import { UsageError } from "./arguments";
import { jsonOf, understand } from "./answer";
import { reach, textOf, Unreachable } from "./client";

const given = z.object({ token: z.string() });
const coded = z.object({ code: z.string() });
const refused = z.object({ detail: z.string() });

/**
 * The token to use: SLIPWAY_TOKEN, or a local one for `user` where Slipway runs
 * on this machine in embedded mode.
 *
 * @throws UsageError when there is neither, Unreachable, Misunderstood.
 */
export async function tokenFor(
  origin: string,
  user: string | null,
  env: Record<string, string | undefined>,
): Promise<string> {
  if (env.SLIPWAY_TOKEN && user !== null) {
    throw new UsageError(
      "SLIPWAY_TOKEN says who asks, and so does --user. Leave out --user, or unset SLIPWAY_TOKEN.",
    );
  }
  if (env.SLIPWAY_TOKEN) return plainToken(env.SLIPWAY_TOKEN);
  const name = user ?? env.SLIPWAY_USER;
  if (!name) {
    throw new UsageError(
      "Set SLIPWAY_TOKEN to a personal token (made in Settings), or name yourself with --user where Slipway runs on this machine.",
    );
  }
  const response = await reach(`${origin}/api/local/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: name }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await textOf(response);
  if (response.ok) return understand(origin, given, jsonOf(text)).token;
  const none = `No token for "${name}": ${reasonOf(text)}`;
  // Its issuer is down, say: nothing is wrong with what was typed.
  if (response.status >= 500) throw new Unreachable(none);
  if (response.status !== 404) throw new UsageError(none);
  // Only Slipway says so in its own words; any other server has no such page either.
  understand(origin, coded, jsonOf(text));
  throw new UsageError(
    "This Slipway has accounts: set SLIPWAY_TOKEN to a personal token (made in Settings).",
  );
}

/** As a header carries it: what was copied with its quotes is none. */
function plainToken(given: string): string {
  const text = given.trim(); // a file ends with a line break
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError(
    "SLIPWAY_TOKEN has spaces or other characters that no token has. Copy it once more.",
  );
}

function reasonOf(text: string): string {
  const { data } = refused.safeParse(jsonOf(text));
  return data?.detail ?? text.slice(0, 200);
}
