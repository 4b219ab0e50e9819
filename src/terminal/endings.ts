/** What became of a terminal's connection, in words for a person. */
export type Ending = {
  words: string;
  /** What the button says that opens it again. */
  again: string;
  /** Whether to try again without being asked. */
  byItself: boolean;
};

const CUT: Ending = {
  words: "The connection was cut.",
  again: "Reconnect",
  byItself: true,
};

/** By the reason the relay closes with (relay/closing.ts). */
const ENDINGS: Record<string, Ending> = {
  ended: {
    words: "The shell has ended.",
    again: "Open another",
    byItself: false,
  },
  relay_stopping: { ...CUT, words: "The relay restarts." },
  unchecked: { ...CUT, words: "The relay cannot reach Slipway." },
  ticket_invalid: { ...CUT, words: "The way in was too old." },
  unreachable: { ...CUT, words: "The sandbox does not answer." },
  sandbox_changed: {
    words: "The sandbox was stopped or replaced.",
    again: "Reconnect",
    byItself: false,
  },
  access_withdrawn: {
    words: "You may not use this sandbox any more.",
    again: "Try again",
    byItself: false,
  },
  idle: {
    words: "Closed after half an hour without a key. What runs in it goes on.",
    again: "Reconnect",
    byItself: false,
  },
  too_long: {
    words: "Closed after twelve hours. What runs in it goes on.",
    again: "Reconnect",
    byItself: false,
  },
  bad_request: {
    words: "The relay does not understand this page. Reload it.",
    again: "Try again",
    byItself: false,
  },
  too_much: {
    words: "Closed: more was sent at once than it takes.",
    again: "Reconnect",
    byItself: false,
  },
  too_many: {
    words: "You have eight terminals open. Close one of them.",
    again: "Try again",
    byItself: false,
  },
};

/** What the relay says by closing; without a word from it, the line was cut. */
export function endingOf(code: number, reason: string): Ending {
  if (code === 1009) return ENDINGS["too_much"] ?? CUT;
  return ENDINGS[reason] ?? CUT;
}
