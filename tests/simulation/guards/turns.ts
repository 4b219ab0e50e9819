import type { Guard } from "./guard";

/** Conversations: who may say what of a turn, and when it ends. */

const sending = "chat/sending.ts";
const dispatch = "chat/dispatch.ts";
const receiving = "chat/receiving.ts";

export const TURNS: Record<string, Guard> = {
  "token of a sender": {
    breaks: "a sender that was replaced reports beside its successor",
    scene: "a sender with a token of its own",
    edits: [
      {
        file: sending,
        find: '  return turn?.state === "sending" && turn.token === token;\n',
        put: '  return turn?.state === "sending";\n',
      },
    ],
  },
  "token of a push": {
    breaks: "whoever knows the name of a turn writes its answer",
    scene: "events with a token of their own",
    edits: [
      {
        file: receiving,
        find: "    if (!turn.pushTokenHashes.includes(tokenHash)) {\n",
        put: "    if (turn.pushTokenHashes.length === 0) {\n",
      },
    ],
  },
  "a message is known by its client's id": {
    breaks: "what is sent again is answered again",
    scene: "a message that is sent twice",
    edits: [
      {
        file: "sessions.ts",
        find: "    if (before) return { messageId: before._id };\n",
        put: "",
      },
      {
        file: "sessions.ts",
        find: '      role: "user",\n      text,\n      state: "done",\n      clientId,\n',
        put: '      role: "user",\n      text,\n      state: "done",\n      ...(!before && { clientId }),\n',
      },
    ],
  },
  "one turn of a conversation": {
    breaks: "an agent answers two messages of one conversation at once",
    scene: "two messages in one conversation",
    edits: [
      {
        file: dispatch,
        find: "    if (busy.has(turn.sessionId)) continue;\n",
        put: "",
      },
    ],
  },
  "events are taken once": {
    breaks: "what is pushed again stands there twice",
    scene: "events whose receipt is lost",
    edits: [
      {
        file: "model/chat/apply.ts",
        find: "    if (event.n !== page.cursor.next) continue; // seen before\n",
        put: "",
      },
    ],
  },
  "success is an end mark": {
    breaks: "an answer that broke off is called whole",
    scene: "an answer that breaks off",
    edits: [
      {
        file: receiving,
        find: 'lost(now, "The agent\'s answer broke off.")',
        put: '{ state: "done" }',
      },
    ],
  },
  "a turn that is silent is lost": {
    breaks: "a conversation waits for ever",
    scene: "an agent that falls silent",
    edits: [
      {
        file: "model/chat/deadline.ts",
        find: "  if (ending || now < turn.deadlineAt) return ending;\n",
        put: "  if (ending || now < turn.deadlineAt + 24 * 60 * 60_000) return ending;\n",
      },
    ],
  },
  "a turn has its time": {
    breaks: "an agent that speaks now and then works for ever",
    scene: "an agent that goes on for too long",
    edits: [
      {
        file: "model/chat/deadline.ts",
        find: "  return (startedAt ?? Infinity) + TURN_LIMIT;\n",
        put: "  return (startedAt ?? Infinity) + 2 * TURN_LIMIT;\n",
      },
    ],
  },
  "turns end with their sandbox": {
    breaks: "an answer goes on for ever after its sandbox was stopped",
    scene: "a sandbox that is stopped while its agent works",
    edits: [
      {
        file: dispatch,
        find: "  const under = await giveUpLost(ctx, slot, served);\n",
        put: "  const under = await turnsAt(ctx, slotId);\n",
      },
    ],
  },
  "what has ended is stopped there": {
    breaks: "an agent works on for a turn that was stopped before it began",
    scene: "a stop on its heels",
    edits: [
      {
        file: "chat/pushed.ts",
        find: "    await ctx.runMutation(internal.chat.stopping.disown, { turnId: of });\n",
        put: "",
      },
      {
        file: "chat/stops.ts",
        find: 'outcome === "unknown_turn" && (arrived || late);',
        put: 'outcome === "unknown_turn";',
      },
    ],
    behind: "who knows no turn may soon",
  },
  "a stop is owed until it is paid": {
    breaks:
      "an agent works on for a turn that was given up while its sandbox could not be reached",
    scene: "a sandbox that gets its keys anew while its agent works",
    edits: [
      {
        file: "chat/finish.ts",
        find: '  if (there === "perhaps") await oweStop(ctx, turn);\n',
        put: "",
      },
    ],
  },
  "a message has its skill put back once": {
    breaks: "a sandbox that lies is given the same skill for ever",
    scene: "a message to a sandbox that denies what it was given",
    edits: [
      {
        file: "chat/sending.ts",
        find: "if (turn.reinstalledFor === generation) {",
        put: "if (generation < 0) {",
      },
    ],
  },
  "who does not answer a stop is told again": {
    breaks: "an agent works on because one call was lost",
    scene: "a stop that nobody answers",
    edits: [
      {
        file: "chat/stops.ts",
        find: 'if (outcome === "stopping" || unknown) await',
        put: "if (stop) await",
      },
    ],
  },
  "what is copied out is told to stop": {
    breaks: "a replacement waits for an answer that was stopped",
    scene: "a replacement while a stop is owed",
    edits: [
      {
        file: "chat/daemon.ts",
        find: '  if (state.status !== "replacing") return isServing(state);\n',
        put: "  if (state) return isServing(state);\n",
      },
    ],
  },
  "a message that was taken back is not over": {
    breaks: "what is handed over again is not pushed any more",
    scene: "a message that is taken back and handed over again",
    edits: [
      {
        file: "chat/append.ts",
        find: '  if (turn.state === "queued") return { kind: "gap", next: turn.cursor.next };\n',
        put: '  if (turn.state === "queued") return { kind: "over" };\n',
      },
    ],
  },
  "only who is on its way stops what is before it": {
    breaks:
      "a message that was stopped, and arrives late, stops the one that came after it",
    scene: "a hand-over that meets the next one",
    edits: [
      {
        file: "node/turns.ts",
        find: "        if (await isSending()) {\n",
        put: "        if (error.status === 409) {\n",
      },
    ],
  },
  "a message that reaches nobody has its sandbox started anew": {
    breaks: "a sandbox whose address has changed answers no message any more",
    scene: "a message to a sandbox whose daemon has restarted",
    edits: [
      {
        file: "lifecycle/probes.ts",
        find: "silent && ((await isHandedOver(ctx, slotId)) || believed);",
        put: "silent && believed;",
      },
      // A move that is certain is enough by itself.
      {
        file: "lifecycle/probes.ts",
        find: "      (await hasTurns(ctx, slotId)) ||\n      (await isInUse(ctx, row)));",
        put: "      false);",
      },
    ],
  },
  "nothing waits for a replacement that halted": {
    breaks: "who writes waits for half an hour, and is told something else",
    scene: "a message into a replacement that came to a halt",
    edits: [
      {
        file: "chat/dispatch.ts",
        find: 'halted: state.status === "replacing" && state.error !== undefined,',
        put: "halted: false,",
      },
    ],
  },
  "who knows no turn may soon": {
    breaks: "an agent works for a conversation that is gone",
    scene: "a message that arrives after its conversation was deleted",
    edits: [
      {
        file: "chat/stops.ts",
        find: 'outcome === "unknown_turn" && (arrived || late);',
        put: 'outcome === "unknown_turn";',
      },
    ],
  },
};
