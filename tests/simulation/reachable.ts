/** What cannot happen, and why. */
export const IMPOSSIBLE: { what: RegExp; why: string }[] = [];
