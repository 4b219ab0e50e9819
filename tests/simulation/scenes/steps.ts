import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage } from "./play";

/** What several scenes begin with, and what they ask in the end. */

export async function atWork(on: OnStage): Promise<void> {
  await on.launch();
  await on.pass(20 * SECOND);
}

/** The provider does something by itself to the one sandbox there is. */
export function turnInto(
  on: OnStage,
  state: "error" | "stopping" | "stopped",
): void {
  const [box] = on.world.live();
  if (box) on.world.stop(box, state);
}

/** Whoever launches now has it in time. */
export async function isLaunched(
  on: OnStage,
  skill = 0,
  ms = MINUTE,
): Promise<void> {
  const launch = await on.launch({ skill });
  const isReady = () => on.launched(launch) === "ready";
  await on.until("whoever launches is served", isReady, ms);
}

const firstSession = () => disk.all("sessions")[0]?._id ?? "";

export async function say(
  on: OnStage,
  sessionId = firstSession(),
): Promise<void> {
  const message = { sessionId, text: "Go on.", clientId: "said" };
  await on.call("sessions:send", message);
}

/** What is said now, or was just said, is answered within minutes. */
export async function isAnswered(
  on: OnStage,
  sessionId = firstSession(),
): Promise<void> {
  await say(on, sessionId);
  const answers = () =>
    disk.all("messages").filter((m) => m.sessionId === sessionId);
  await on.until(
    "whoever speaks is answered",
    () => answers().every(({ state }) => state === "done"),
    4 * MINUTE,
  );
}
