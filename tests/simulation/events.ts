import { MAX_RUNNING } from "../../convex/model/chat/limits";
import { isOldThere } from "../../convex/model/replaceStages";
import type { SlotState } from "../../convex/model/slot";
import type { Dice } from "./random";
import { mutations } from "./functions";
import { keyOf, SHA, SKILLS, type Stage } from "./stage";
import { disk } from "./stand-ins";
import type { Tab, Visitor } from "./tabs";
import type { Box } from "./world";

/** What people, sandboxes and the provider do, as a table: a new one is one entry. */

export type Scene = {
  stage: Stage;
  visitors: Visitor[];
  dice: Dice;
  visitor: Visitor;
  tab: Tab;
};

type Event = {
  /** How often, beside the others. */
  weight: number;
  /** Functions without which it does not happen. */
  needs?: string;
  happen(scene: Scene): Promise<string> | string;
};

const skillOf = ({ dice }: Scene) => dice.between(0, SKILLS - 1);

const launchArgs = (skill: number) => ({ skillKey: keyOf(skill), sha: SHA });

/** An intent about a sandbox the page shows. */
function onSandbox(
  path: string,
  words: string,
  also: (state: SlotState) => object = () => ({}),
): Omit<Event, "weight"> {
  return {
    needs: path,
    async happen({ visitor, tab, dice }) {
      const { sandboxes } = visitor.page;
      if (sandboxes.length === 0) return `${tab.name} shows no sandbox`;
      const { slotId, state } = dice.pick(sandboxes);
      const came = await tab.send(path, { slotId, ...also(state) });
      return `${tab.name} ${words} the sandbox while ${state.status}: ${came}`;
    },
  };
}

/** An intent that needs nothing but its user. */
function plainly(path: string, words: string): Omit<Event, "weight"> {
  return {
    needs: path,
    async happen({ tab }) {
      return `${tab.name} ${words}: ${await tab.send(path, {})}`;
    },
  };
}

/** A conversation of the user, more often a new one. */
function sessionOf({ visitor, dice }: Scene) {
  const sessions = visitor.sessions();
  const newest = sessions.slice(0, dice.chance(0.7) ? 2 : undefined);
  return newest.length === 0 ? undefined : dice.pick(newest);
}

/** An intent about one of the user's conversations. */
function onSession(path: string, words: string): Omit<Event, "weight"> {
  return {
    needs: path,
    async happen(scene) {
      const session = sessionOf(scene);
      if (!session) return `${scene.tab.name} shows no conversation`;
      const came = await scene.tab.send(path, { sessionId: session._id });
      return `${scene.tab.name} ${words} ${session._id}: ${came}`;
    },
  };
}

/** Something that happens to a sandbox by itself. */
function toBox(
  words: string,
  change: (box: Box, scene: Scene) => void,
  which: (box: Box) => boolean = ({ state }) => state === "started",
): Omit<Event, "weight"> {
  return {
    happen(scene) {
      const boxes = scene.stage.world.live().filter(which);
      if (boxes.length === 0) return `${words}: there is none`;
      const box = scene.dice.pick(boxes);
      change(box, scene);
      return `${words}: ${box.id}`;
    },
  };
}

export const EVENTS: Record<string, Event> = {
  launch: {
    weight: 30,
    async happen(scene) {
      const skill = skillOf(scene);
      const { tab } = scene;
      const came = await tab.send("launches:request", launchArgs(skill));
      return `${tab.name} launches skill ${skill}: ${came}`;
    },
  },
  "launch from every tab": {
    weight: 8,
    async happen(scene) {
      const { visitor } = scene;
      const same = scene.dice.chance(0.5);
      const skill = skillOf(scene);
      const came = await Promise.all(
        visitor.tabs
          .filter((tab) => tab.open)
          .map((tab, i) =>
            tab.send(
              "launches:request",
              launchArgs(same ? skill : (skill + i) % SKILLS),
            ),
          ),
      );
      const what = same ? `skill ${skill}` : "a skill each";
      return `all of ${visitor.name}'s tabs launch ${what}: ${came.join(", ")}`;
    },
  },
  "launch in a sandbox of its own": {
    weight: 3,
    needs: "lifecycle/admission:admit",
    async happen(scene) {
      const skill = skillOf(scene);
      const args = { ...launchArgs(skill), own: true };
      const came = await scene.tab.send("launches:request", args);
      return `${scene.tab.name} launches skill ${skill} on its own: ${came}`;
    },
  },
  say: {
    weight: 10,
    async happen(scene) {
      const { visitor, tab } = scene;
      const session = sessionOf(scene);
      if (!session) return `${tab.name} has nobody to talk to`;
      const text = visitor.words();
      const came = await tab.send("sessions:send", {
        sessionId: session._id,
        text,
      });
      return `${tab.name}: "${text}" in ${session._id}: ${came}`;
    },
  },
  "say from every tab": {
    weight: 3,
    async happen(scene) {
      const { visitor, dice } = scene;
      const sessions = visitor.sessions();
      const first = sessions[0];
      if (!first) return `${visitor.name} has nobody to talk to`;
      const same = dice.chance(0.4);
      const times = same ? visitor.tabs.length : MAX_RUNNING + 2;
      const came = await Promise.all(
        Array.from({ length: times }, (_, i) => {
          const tab = visitor.tabs[i % visitor.tabs.length] as Tab;
          if (!tab.open) return "closed";
          const session = sessions[i] ?? first;
          return tab.send("sessions:send", {
            sessionId: same ? first._id : session._id,
            text: visitor.words(),
          });
        }),
      );
      const where = same ? first._id : "all conversations";
      return `${visitor.name}'s tabs all speak in ${where}: ${came.join(", ")}`;
    },
  },
  "stop a turn": {
    weight: 4,
    ...onSession("sessions:stop", "stops what is said in"),
  },
  "ask again": {
    weight: 2,
    async happen({ visitor, tab, dice }) {
      const failed = disk
        .all("messages")
        .filter(
          ({ sessionId, role, state }) =>
            role === "assistant" &&
            (state === "failed" || state === "stopped") &&
            visitor.sessions().some(({ _id }) => _id === sessionId),
        );
      if (failed.length === 0) return `${tab.name} shows no answer that failed`;
      const { _id: messageId } = dice.pick(failed);
      const came = await tab.send("sessions:retry", { messageId });
      return `${tab.name} wants ${messageId} answered again: ${came}`;
    },
  },
  "delete a conversation": {
    weight: 2,
    ...onSession("sessions:remove", "deletes"),
  },
  cancel: {
    weight: 8,
    async happen({ visitor, tab }) {
      const active = visitor.activeLaunch();
      if (!active) return `${tab.name} has nothing to cancel`;
      const { launchId, state } = active;
      const came = await tab.send("launches:cancel", { launchId });
      return `${tab.name} cancels what is ${state}: ${came}`;
    },
  },
  "open tab": {
    weight: 4,
    async happen({ visitor }) {
      const closed = visitor.tabs.find((tab) => !tab.open);
      if (!closed) return `all of ${visitor.name}'s tabs are open`;
      return `${closed.name} opens: ${await closed.reload()}`;
    },
  },
  "close tab": {
    weight: 4,
    happen({ tab }) {
      tab.close();
      return `${tab.name} closes`;
    },
  },
  "reload tab": {
    weight: 8,
    async happen({ tab }) {
      return `${tab.name} reloads: ${await tab.reload()}`;
    },
  },
  stop: { weight: 8, ...onSandbox("sandboxes:stop", "stops") },
  start: { weight: 8, ...onSandbox("sandboxes:start", "starts") },
  remove: { weight: 4, ...onSandbox("sandboxes:remove", "deletes") },
  look: { weight: 2, ...onSandbox("sandboxes:look", "looks at") },
  replace: { weight: 4, ...onSandbox("sandboxes:replace", "replaces") },
  "resume replace": {
    weight: 3,
    ...onSandbox("sandboxes:resumeReplace", "goes on replacing"),
  },
  "cancel replace": {
    weight: 1,
    // Whoever sees the old one there agrees to no loss.
    ...onSandbox("sandboxes:cancelReplace", "stops replacing", (state) => ({
      withoutFiles: state.status === "replacing" && !isOldThere(state),
    })),
  },
  "stop all": { weight: 2, ...plainly("fleet:stopAll", "stops all") },
  "stop again": {
    weight: 1,
    ...plainly("fleet:stopFailed", "stops what did not stop"),
  },
  restore: { weight: 2, ...plainly("fleet:restore", "restores all") },
  decline: { weight: 1, ...plainly("fleet:decline", "wants none of it back") },
  work: {
    weight: 4,
    ...toBox(
      "its owner makes something in one",
      (box, { dice }) => {
        box.files += String.fromCharCode(dice.between(97, 122));
      },
      // The agent works for its owner in what runs, and in nothing else.
      ({ state, labels }) =>
        state === "started" &&
        disk.find("slots", labels["slipway-slot"] ?? "")?.state.status ===
          "running",
    ),
  },
  "auto-stop": {
    weight: 5,
    ...toBox(
      "the provider stops one that is idle",
      (box, { stage: { world }, dice }) => {
        world.stop(box, dice.chance(0.5) ? "stopping" : "stopped");
        if (box.state === "stopped") return;
        world.later(dice.between(1_000, 180_000), () => {
          if (box.state === "stopping") box.state = "stopped";
        });
      },
      // Where an agent is at work the product keeps it awake.
      ({ state, turns }) =>
        state === "started" && ![...turns.values()].some((run) => run.works),
    ),
  },
  vanish: {
    weight: 4,
    ...toBox(
      "the provider loses one",
      (box, { stage: { world }, dice }) => {
        box.state = "destroyed";
        if (dice.chance(0.5)) return;
        box.state = "destroying";
        world.later(dice.between(1_000, 60_000), () => {
          box.state = "destroyed";
        });
      },
      ({ state }) => state === "started" || state === "stopped",
    ),
  },
  "daemon restarts": {
    weight: 5,
    ...toBox("the daemon restarts", (box, { stage }) =>
      stage.world.reboot(box),
    ),
  },
  "agent dies": {
    weight: 2,
    ...toBox("the agent dies", (box) => {
      box.agent = "failed";
    }),
  },
  "agent hangs": {
    weight: 2,
    ...toBox("the agent never comes up", (box) => {
      box.agent = "starting";
    }),
  },
  "sandbox breaks": {
    weight: 2,
    ...toBox(
      "the provider calls one broken",
      (box, { stage }) => stage.world.stop(box, "error"),
      ({ state }) => ["started", "stopping", "stopped"].includes(state),
    ),
  },
  stranger: {
    weight: 1,
    happen({ stage }) {
      const there = stage.world.live().filter(({ stranger }) => stranger);
      // More in one sweep halt it: the operator's, and a scene's.
      if (there.length >= 3) return "very many carry our label already";
      const box = stage.stranger();
      return box
        ? `a sandbox appears that carries our label: ${box.id}`
        : "nothing carries our label yet";
    },
  },
  "server goes down": {
    weight: 3,
    happen({ stage, dice }) {
      const steps = dice.between(1, 60);
      stage.crashIn(steps);
      return `the server will go down at its step ${steps} from here`;
    },
  },
  // Of the steps there are, few are the last ones of what is seldom called.
  "server goes down somewhere": {
    weight: 2,
    happen({ dice, stage }) {
      const path = dice.pick(mutations());
      const at = dice.pick(["begin", "before commit", "after commit"] as const);
      stage.crashAt({ path, at });
      return `the server will go down ${at} of ${path}`;
    },
  },
  echo: {
    weight: 8,
    happen({ stage, dice }) {
      return stage.echo(dice);
    },
  },
};
