import type { Client } from "./client";
import { queueWords, seconds, type Output } from "./output";
import { launch as shape, type Launch } from "./shapes";
import { watch } from "./watch";

/** Who is told of a launch as it goes on: at every change, and ten times a second. */
export type Told = {
  launch(launch: Launch): void | Promise<void>;
  tick(): void;
};

/** Follows a launch until it has ended, telling each step as it begins and ends. */
export async function follow(
  client: Client,
  launchId: string,
  out: Output,
  told: Told = teller(out),
): Promise<Launch> {
  const path = `/launches/${encodeURIComponent(launchId)}/events`;
  const ticking = setInterval(told.tick, 100);
  try {
    const watched = { path, event: "launch", shape };
    return await watch(client, watched, async (launch) => {
      await told.launch(launch);
      return launch.endedAt === null ? null : launch;
    });
  } finally {
    clearInterval(ticking);
    out.status(null);
  }
}

/** Says each step once when it ends, and shows the one under way with its time. */
function teller(out: Output): Told {
  let last: Launch | null = null;
  const seenAt = new Map<string, number>(); // by our clock; the server has its own
  const ended = new Set<string>();
  let line = "";
  return {
    launch(launch: Launch) {
      out.emit({ event: "launch", ...launch });
      const words = queueWords(launch);
      if (words && words !== line) out.say(`  ${words}`);
      line = words;
      for (const step of launch.steps) {
        if (!seenAt.has(step.name)) seenAt.set(step.name, Date.now());
        if (step.endedAt === undefined || ended.has(step.name)) continue;
        ended.add(step.name);
        out.say(stepLine(step, step.endedAt));
      }
      last = launch;
    },
    tick() {
      const step = last?.steps.find((one) => one.endedAt === undefined);
      if (!step) return;
      const shownFor = Date.now() - (seenAt.get(step.name) ?? Date.now());
      out.status(stepLine(step, step.startedAt + shownFor));
    },
  };
}

type Step = Launch["steps"][number];

function stepLine(step: Step, until: number): string {
  const took = seconds(until - step.startedAt).padStart(8);
  const mark = step.outcome === "failed" ? " failed" : "";
  return `  ${step.name.padEnd(10)}${took}${mark}${step.detail ? `  ${step.detail}` : ""}`;
}

/** A launch's steps, for one look at it. */
export function tellSteps(launch: Launch, out: Output): void {
  const now = Date.now();
  for (const step of launch.steps) out.say(stepLine(step, step.endedAt ?? now));
}

/** How a launch ended, or that it has not. Answers the exit code. */
export function tellEnd(
  launch: Launch,
  url: string | null,
  out: Output,
): 0 | 1 {
  const { state, error, createdAt, endedAt } = launch;
  if (error) {
    out.say(`Failed: ${error.message} ${error.next}`);
    return 1;
  }
  if (endedAt === null) {
    const queue = queueWords(launch);
    out.say(queue ? `It is ${state}, ${queue}.` : `It is ${state}.`);
    return 0;
  }
  const took = seconds(endedAt - createdAt);
  if (state !== "ready") {
    out.say(`It was ${state} after ${took}.`);
    return 1;
  }
  out.say(`Ready in ${took}${launch.path ? ` (${launch.path})` : ""}`);
  if (url) out.say(`Talk to it: ${url}`);
  out.say(
    `Or here:    npx -y bun@1.4.5 run slipway chat ${launch.sessionId} "Hello"`,
  );
  return 0;
}
