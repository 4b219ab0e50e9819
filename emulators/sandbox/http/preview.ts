import { ApiError, messageOf } from "../errors";
import type { Cell } from "../executor/cell";
import type { Activity } from "../state/activity";
import type { Lifecycle } from "../state/lifecycle";
import type { Registry, SandboxRecord } from "../state/registry";

import { forward } from "./forward";
import { parsePort } from "./port";
import { sameSecret } from "./secrets";
import { Relay } from "./websocket-relay";

const TOKEN_HEADER = "x-daytona-preview-token";

export type Target =
  { record: SandboxRecord; cell: Cell; port: number; path: string } | Response;

/**
 * Who and where a preview request is for. Without the sandbox's token it is sent
 * to a login page, as Daytona does: a 307, not a 401, whether or not the sandbox
 * exists.
 */
export function resolvePreview(
  lifecycle: Lifecycle,
  request: Request,
  url: URL,
): Target {
  const [, , id = "", portText = "", ...rest] = url.pathname.split("/");
  const port = parsePort(portText);
  const record = lifecycle.find(decodeURIComponent(id));
  const token = request.headers.get(TOKEN_HEADER) ?? "";
  const open = record !== null && record.public;
  if (!open && (!record || !sameSecret(token, record.previewToken))) {
    return toLogin(url);
  }
  const cell = lifecycle.cell(record);
  return { record, cell, port, path: `/${rest.join("/")}${url.search}` };
}

/**
 * /signed/{port}-{token}/...: the address alone opens it, until it expires or is
 * revoked. (The real service sets a cookie that outlives both by up to an hour.)
 */
export function resolveSigned(
  registry: Registry,
  lifecycle: Lifecycle,
  url: URL,
): Target {
  const [, , name = "", ...rest] = url.pathname.split("/");
  const dash = name.indexOf("-");
  const port = parsePort(name.slice(0, dash));
  const token = name.slice(dash + 1);
  const now = Date.now();
  const record = registry
    .all()
    .find(({ signed }) =>
      signed.some(
        (one) =>
          one.port === port &&
          one.expiresAt > now &&
          sameSecret(token, one.token),
      ),
    );
  if (!record) return toLogin(url);
  const cell = lifecycle.cell(record);
  return { record, cell, port, path: `/${rest.join("/")}${url.search}` };
}

function toLogin(url: URL): Response {
  const back = encodeURIComponent(url.pathname + url.search);
  return new Response(null, {
    status: 307,
    headers: { location: `${url.origin}/login?returnTo=${back}` },
  });
}

export async function preview(
  activity: Activity,
  request: Request,
  target: Exclude<Target, Response>,
): Promise<Response> {
  const { record, cell, port, path } = target;
  activity.begin(record.id);
  try {
    return await forward(
      cell,
      `/port/${port}${path}`,
      request,
      [TOKEN_HEADER],
      () => activity.end(record.id),
    );
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new ApiError(
      502,
      `Sandbox ${record.name} ended during the call: ${messageOf(error)}`,
    );
  }
}

export function previewSocket(
  activity: Activity,
  request: Request,
  { record, cell, port, path }: Exclude<Target, Response>,
): Promise<Relay> {
  activity.begin(record.id);
  return Relay.open(cell, `/port/${port}${path}`, request, [TOKEN_HEADER], () =>
    activity.end(record.id),
  );
}

/** Where a browser without a token ends up: a page, with status 200. */
export function loginPage(): Response {
  return new Response(
    "<!doctype html><title>Private preview</title><p>This preview is private: send its token in the x-daytona-preview-token header.",
    { headers: { "content-type": "text/html; charset=utf-8" } },
  );
}
