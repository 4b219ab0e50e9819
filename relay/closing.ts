/**
 * How a connection ends: a WebSocket close code of our own and, as its reason,
 * the word for it. src/terminal/endings.ts tells people about each.
 */
export const CLOSES = {
  /** The shell ended. */
  ended: 1000,
  /** The relay stops; another will be there. */
  relay_stopping: 4001,
  bad_request: 4400,
  ticket_invalid: 4401,
  access_withdrawn: 4403,
  idle: 4408,
  sandbox_changed: 4409,
  too_long: 4410,
  too_much: 4413,
  too_many: 4429,
  /** The sandbox, or the way to it, is not there. */
  unreachable: 4502,
  /** Slipway could not be asked. */
  unchecked: 4503,
} as const;

export type Ending = keyof typeof CLOSES;
