import { ConvexHttpClient } from "convex/browser";
import { serverEnvironment } from "./environment";
import { ApiError } from "./problem";
import { steadyFetch } from "./steady-fetch";

/** The backend, asked in the name of whoever has this token. */
export function backendAs(token: string): ConvexHttpClient {
  const client = backend();
  client.setAuth(token);
  return client;
}

/** The backend, asked as nobody in particular. */
export function backend(): ConvexHttpClient {
  return new ConvexHttpClient(serverEnvironment().convexUrl, {
    skipConvexDeploymentUrlCheck: true, // self-hosted and embedded addresses
    logger: false, // function logs may quote what a user sent
    fetch: ((input: string, init?: RequestInit) =>
      steadyFetch(input, init)) as typeof fetch,
  });
}

/**
 * The bearer token of a request. Whether it is any good is the backend's to say.
 *
 * @throws ApiError `not_signed_in` when there is none.
 */
export function bearerToken(request: Request): string {
  const header = request.headers.get("authorization") ?? "";
  const token = /^Bearer\s+([\w.~+/=-]+)$/i.exec(header.trim())?.[1];
  if (token) return token;
  throw new ApiError(
    "not_signed_in",
    "Send a token: Authorization: Bearer <token>.",
  );
}
