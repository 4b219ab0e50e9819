import { randomBytes } from "node:crypto";
import { badRequest, notFound } from "../errors";
import type { Lifecycle } from "../state/lifecycle";

const MAX_SECONDS = 24 * 60 * 60;
/** Kept per sandbox; the oldest go first. */
const MAX_SIGNED = 200;

/** @throws ApiError 400 for an expiry the service would not give */
export function sign(
  lifecycle: Lifecycle,
  id: string,
  port: number,
  seconds: number,
) {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SECONDS) {
    throw badRequest(`expiresInSeconds must be from 1 to ${MAX_SECONDS}`);
  }
  const now = Date.now();
  const token = randomBytes(16).toString("hex");
  const signed = { token, port, expiresAt: now + seconds * 1_000 };
  const before = lifecycle.require(id).signed;
  const live = before.filter(({ expiresAt }) => expiresAt > now);
  const kept = [...live, signed].slice(-MAX_SIGNED);
  return { signed, record: lifecycle.update(id, { signed: kept }) };
}

/** @throws ApiError 404 when there is no such token for the port */
export function expire(
  lifecycle: Lifecycle,
  id: string,
  port: number,
  token: string,
): void {
  const { signed } = lifecycle.require(id);
  const kept = signed.filter((s) => s.port !== port || s.token !== token);
  if (kept.length === signed.length) {
    throw notFound("Signed preview URL not found");
  }
  lifecycle.update(id, { signed: kept });
}
