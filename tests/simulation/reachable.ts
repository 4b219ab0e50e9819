/** What cannot happen, and why. */
export const IMPOSSIBLE: { what: RegExp; why: string }[] = [
  {
    what: /^replacing\/restore\/restore -> failed$/,
    why: "The copy's worker learns only that nobody answers; that its sandbox is gone is found by the look that follows.",
  },
  {
    what: /^down at (begin|before commit|after commit) of mutation lib:rateLimit$/,
    why: "A component's function is part of its caller's transaction, which begins and commits.",
  },
  {
    what: /^down at (begin|before commit|after commit) of mutation lifecycle\/expiry:expireSlot$/,
    why: "It is part of the cron's transaction, unless more slots are overdue at once than a run has.",
  },
  {
    what: /^down at (begin|before commit|after commit) of mutation turns:checkSlot$/,
    why: "It is part of the check's transaction, unless turns of more slots are due at once than a run has.",
  },
];
