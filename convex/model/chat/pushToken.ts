import { randomToken } from "../seal";

/** A new token with which a sandbox pushes a turn's events. It names its turn. */
export function newPushToken(turnId: string): string {
  return `${turnId}.${randomToken()}`;
}

/** The turn a token says it is for, which proves nothing; null for another's form. */
export function turnOfPushToken(token: string): string | null {
  return /^([\w-]{1,128})\.[\w-]+$/.exec(token)?.[1] ?? null;
}
