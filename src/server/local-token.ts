import { z } from "zod";
import { readBody } from "./body";
import { serverEnvironment } from "./environment";
import { ApiError } from "./problem";
import { toProblem } from "./route";

const body = z.object({ user: z.string() });
const answer = z.object({ token: z.string() });
const refused = z.object({ message: z.string() });

/**
 * A token of the local issuer for any name. Only for whoever sits at this
 * machine: the web server marks requests that came straight to it over loopback
 * with its own Host and no foreign page behind them (scripts/web.mjs), and
 * nothing else is served. In cloud mode there is no such route.
 */
export async function giveLocalToken(request: Request): Promise<Response> {
  try {
    const { mode, identityUrl } = serverEnvironment();
    if (mode !== "embedded" || !identityUrl) {
      throw new ApiError("not_found", "This Slipway has accounts.");
    }
    if (!isDirect(request)) {
      throw new ApiError(
        "bad_request",
        "Ask from this machine, on http://127.0.0.1 and its port.",
      );
    }
    const type = request.headers.get("content-type")?.split(";")[0]?.trim();
    if (type?.toLowerCase() !== "application/json") {
      throw new ApiError(
        "bad_request",
        "Send JSON, with content-type: application/json.",
      );
    }
    const { user } = await readBody(request, body, 4_096);
    return await ask(identityUrl, user);
  } catch (error) {
    return toProblem(error, request);
  }
}

function isDirect(request: Request): boolean {
  const mark = process.env["SLIPWAY_DIRECT_MARK"];
  return Boolean(mark) && request.headers.get("x-slipway-direct") === mark;
}

async function ask(identityUrl: string, user: string): Promise<Response> {
  const headers = { "content-type": "application/json" };
  let response: Response;
  try {
    response = await fetch(`${identityUrl}/token`, {
      method: "POST",
      headers,
      body: JSON.stringify({ user }),
      signal: AbortSignal.timeout(5_000),
    });
  } catch (error) {
    throw new ApiError(
      "provider_busy",
      `The local issuer does not answer (${String(error)}).`,
    );
  }
  const said: unknown = await response.json();
  if (!response.ok) {
    const { data } = refused.safeParse(said);
    throw new ApiError("bad_request", data?.message ?? "Not a usable name.");
  }
  return Response.json(answer.parse(said), {
    headers: { "cache-control": "no-store" },
  });
}
