import { constants } from "node:os";

/** An answer to the caller that is not success: status, stable code, advice. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Whether a write failed for want of room: on the disk, or in this user's share
 * of it. By number, for Node has no name for the second.
 */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error) || !("errno" in error)) return false;
  const { ENOSPC, EDQUOT } = constants.errno;
  return error.errno === -ENOSPC || error.errno === -EDQUOT;
}

/** The `code` of a Node system error ("ENOENT", ...), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
