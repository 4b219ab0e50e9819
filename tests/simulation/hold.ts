/** A promise that was broken. */
export class Violation extends Error {}

export function hold(invariant: string, holds: boolean): void {
  if (!holds) throw new Violation(invariant);
}
