import { hold } from "../invariants";
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

/** Whoever launches now has it within a minute. */
export async function isLaunched(on: OnStage, skill = 0): Promise<void> {
  const launch = await on.launch({ skill });
  await on.pass(MINUTE);
  hold("whoever launches is served", on.launched(launch) === "ready");
}

/** What is said now is answered within minutes. */
export async function isAnswered(
  on: OnStage,
  sessionId = disk.all("sessions")[0]?._id ?? "",
): Promise<void> {
  const message = { sessionId, text: "Go on.", clientId: "said" };
  await on.call("sessions:send", message);
  const answers = () =>
    disk.all("messages").filter((m) => m.sessionId === sessionId);
  await on.until(
    "whoever speaks is answered",
    () => answers().every(({ state }) => state === "done"),
    4 * MINUTE,
  );
}
