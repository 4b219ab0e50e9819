import { ApiError, messageOf } from "../errors";
import type { Activity } from "../state/activity";
import type { Lifecycle } from "../state/lifecycle";
import { forward } from "./forward";
import { sameSecret } from "./secrets";
import { Relay } from "./websocket-relay";

/** The server's own business. */
const TOKEN_HEADER = "x-daytona-preview-token";
const WITHHELD = ["authorization", "cookie", TOKEN_HEADER];

/** Where the SDK puts the preview token when it cannot set headers. */
const KEY_PARAMETER = "DAYTONA_SANDBOX_AUTH_KEY";

/** /toolbox/{id}/...: the supervisor inside does the work and answers. */
export async function toolbox(
  lifecycle: Lifecycle,
  activity: Activity,
  request: Request,
  url: URL,
): Promise<Response> {
  const [, , id = "", ...rest] = url.pathname.split("/");
  const record = lifecycle.require(decodeURIComponent(id));
  const cell = lifecycle.cell(record);
  activity.begin(record.id);
  try {
    return await forward(
      cell,
      `/toolbox/${rest.join("/")}${url.search}`,
      request,
      WITHHELD,
      () => activity.end(record.id),
    );
  } catch (error) {
    // The connection broke: it was stopped, or died, under the call.
    if (request.signal.aborted) throw error;
    throw new ApiError(
      502,
      `Sandbox ${record.name} ended during the call: ${messageOf(error)}`,
    );
  }
}

/** Whether a request shows the preview token of the sandbox whose toolbox it wants. */
export function showsToken(
  lifecycle: Lifecycle,
  request: Request,
  url: URL,
): boolean {
  const [, , id = ""] = url.pathname.split("/");
  const record = lifecycle.find(decodeURIComponent(id));
  const token =
    request.headers.get(TOKEN_HEADER) ?? url.searchParams.get(KEY_PARAMETER);
  url.searchParams.delete(KEY_PARAMETER);
  return record !== null && !!token && sameSecret(token, record.previewToken);
}

/** A terminal or a log that is followed. */
export async function toolboxSocket(
  { lifecycle, activity }: { lifecycle: Lifecycle; activity: Activity },
  request: Request,
  url: URL,
): Promise<Relay> {
  const [, , id = "", ...rest] = url.pathname.split("/");
  const found = lifecycle.require(decodeURIComponent(id));
  const cell = lifecycle.cell(found);
  const path = `/toolbox/${rest.join("/")}${url.search}`;
  activity.begin(found.id);
  return Relay.open(cell, path, request, WITHHELD, () =>
    activity.end(found.id),
  );
}
