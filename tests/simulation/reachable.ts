/** What cannot happen, and why. */
export const IMPOSSIBLE: { what: RegExp; why: string }[] = [
  {
    what: /^replacing\/restore\/restore -> failed$/,
    why: "The copy's worker learns only that nobody answers; that its sandbox is gone is found by the look that follows.",
  },
  {
    what: /^down at call of mutation presence:now$/,
    why: "It reads the clock and no record.",
  },
];
