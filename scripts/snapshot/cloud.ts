import {
  Daytona,
  DaytonaConflictError,
  DaytonaError,
  DaytonaNotFoundError,
  Image,
} from "@daytonaio/sdk";
import type { ImageDefinition } from "../../sandboxd/snapshot/image";

export type Account = { apiUrl: string; apiKey: string; target?: string };

export type Outcome = "made" | "already there" | "activated";

export type MakeOptions = {
  say: (line: string) => void;
  /** How often somebody else's build is looked at. */
  pollMs?: number;
  /** Until all is given up, the build there excepted. */
  limitMs?: number;
};

/** A build of minutes is usual; the longest seen elsewhere took nine. */
const LIMIT_MS = 30 * 60_000;

/** A refusal in words for whoever typed the command. */
export class SnapshotError extends Error {
  override name = "SnapshotError";
}

/**
 * Sees to it that the account has the snapshot, active. Can be repeated, and
 * interrupted: its name says its content, so what is found there is it.
 *
 * @throws SnapshotError that says what happened and what to do
 */
export async function makeSnapshot(
  account: Account,
  image: ImageDefinition,
  options: MakeOptions,
): Promise<Outcome> {
  const { snapshot } = new Daytona(account);
  const deadline = Date.now() + (options.limitMs ?? LIMIT_MS);
  const maker = { snapshot, image, deadline, ...options };
  try {
    return await ensure(maker, "already there");
  } catch (error) {
    throw error instanceof DaytonaError ? inWords(error, account) : error;
  }
}

type Maker = MakeOptions & {
  snapshot: Daytona["snapshot"];
  image: ImageDefinition;
  deadline: number;
};

async function ensure(maker: Maker, found: Outcome): Promise<Outcome> {
  const { snapshot, image, say } = maker;
  const there = await look(maker);
  if (there === null) return await build(maker);
  switch (there.state) {
    case "active":
      return found;
    case "inactive":
      say("It is there, but was put to rest for not being used: waking it.");
      await snapshot.activate(there.id);
      return await settle(maker, "activated");
    case "error":
    case "build_failed":
      say(
        `An earlier build failed (${there.errorReason ?? "no reason given"}).`,
      );
      say("Removing it, and building again.");
      await snapshot.delete(image.name);
      await gone(maker);
      return await build(maker);
    default:
      say(`It is there already, ${there.state}: waiting for it.`);
      return await settle(maker, "made");
  }
}

async function build(maker: Maker): Promise<Outcome> {
  const { snapshot, image, say, deadline } = maker;
  const definition = Image.base(image.base).dockerfileCommands(image.steps);
  try {
    await snapshot.create(
      { name: image.name, image: definition, resources: image.resources },
      // Zero would be no limit at all; this one is for the first answer.
      { onLogs: say, timeout: Math.ceil((deadline - Date.now()) / 1000) },
    );
    return "made";
  } catch (error) {
    if (!(error instanceof DaytonaError)) throw error;
    if (error instanceof DaytonaConflictError) {
      // Of two that began at once, one was first; both want the same.
      return await settle(maker, "made");
    }
    const there = error.statusCode === undefined ? await look(maker) : null;
    if (there === null) throw error;
    if (there.state === "error" || there.state === "build_failed") {
      throw failed(there.errorReason);
    }
    // Only the watching broke off: what is there goes on.
    say(`${error.message}. Looking again.`);
    return await settle(maker, "made");
  }
}

/** Waits for a build or a wakening that is under way. */
async function settle(maker: Maker, outcome: Outcome): Promise<Outcome> {
  let before = "";
  for (;;) {
    const there = await look(maker);
    if (there === null) {
      throw new SnapshotError(
        `${maker.image.name} was deleted while it was being made. Run this again.`,
      );
    }
    const { state, errorReason } = there;
    if (state === "active") return outcome;
    if (state === "error" || state === "build_failed")
      throw failed(errorReason);
    if (state !== before) maker.say(`${maker.image.name}: ${state}`);
    before = state;
    await pause(maker, `it is still ${state}`);
  }
}

async function gone(maker: Maker): Promise<void> {
  while (await look(maker)) await pause(maker, "the failed one is still there");
}

async function look({ snapshot, image }: Maker) {
  try {
    return await snapshot.get(image.name);
  } catch (error) {
    if (error instanceof DaytonaNotFoundError) return null;
    throw error;
  }
}

async function pause({ deadline, pollMs = 2_000 }: Maker, what: string) {
  if (Date.now() > deadline) {
    throw new SnapshotError(
      `Gave up waiting: ${what}. Run this again to go on looking; nothing is built twice.`,
    );
  }
  await Bun.sleep(pollMs);
}

const failed = (reason: string | null | undefined) =>
  new SnapshotError(
    `The image did not build: ${reason ?? "no reason given"}. What its steps said is above. Run this again to try once more.`,
  );

const REMEDIES: Record<number, string> = {
  401: "The key was refused. Make one at https://app.daytona.io/dashboard/keys and put it into DAYTONA_API_KEY.",
  403: "The key may not do this, or the account has no room. A key needs the permissions write:snapshots and delete:snapshots; limits are at https://app.daytona.io/dashboard/limits.",
  404: "Nothing of Daytona's is at this address. See DAYTONA_API_URL.",
  429: "Too many requests. Wait a minute and run this again.",
};

function inWords(error: DaytonaError, { apiUrl }: Account): SnapshotError {
  const { statusCode, message } = error;
  const remedy =
    statusCode === undefined
      ? "Is the address right, and the network there? Run this again: what was begun is found."
      : (REMEDIES[statusCode] ??
        (statusCode >= 500
          ? "That is a failure of the service. Run this again in a while."
          : "The service refused the request as it is."));
  const status = statusCode === undefined ? "no answer" : `${statusCode}`;
  return new SnapshotError(`${apiUrl}: ${status}, ${message}. ${remedy}`);
}
