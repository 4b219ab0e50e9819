"use node";

import { createHash } from "node:crypto";
import {
  Daytona,
  DaytonaBadRequestError,
  DaytonaConflictError,
  DaytonaNotFoundError,
  DaytonaUnprocessableEntityError,
  type Sandbox,
} from "@daytonaio/sdk";
import { ConvexError } from "convex/values";
import { z } from "zod";
import { failure, refuse } from "../model/errors";
import type {
  Copied,
  Outcome as StepOutcome,
  ProviderState,
} from "../model/slot";
import { STEP_TIMEOUT } from "../model/timing";
import { bounded, describe, judge } from "./providerErrors";

/**
 * The sandbox provider in our words. Nothing of the vendor's shapes goes past
 * this file; every call ends within STEP_TIMEOUT and can be repeated.
 */

const SECONDS = STEP_TIMEOUT / 1_000;

/** The port sandboxd listens on inside every sandbox. */
export const SANDBOXD_PORT = 4500;

/** Where the claim lies, relative to the sandbox user's home. */
const CLAIM_PATH = "/home/daytona/.slipway/claim.json";

/** What one call finds; a sandbox that is there comes with the account that knows it. */
export type Outcome =
  | Exclude<StepOutcome, Copied | { kind: "claimed" | "present" }>
  | (Extract<StepOutcome, { kind: "present" }> & {
      credential: string;
      /** It was there already, under our name. */
      adopted?: boolean;
    });

/** A sandbox we know, and the fingerprint of the account it was last seen with. */
export type Ref = { remoteId: string; credential?: string };

let client: { credential: string; daytona: Daytona } | undefined;

/** The official client on the configured address. Throws `provider_not_configured`. */
function daytona(): Daytona {
  return configured().daytona;
}

/** The client, and the fingerprint of its account. Throws `provider_not_configured`. */
export function configured(): { credential: string; daytona: Daytona } {
  const apiUrl = process.env.DAYTONA_API_URL;
  const apiKey = process.env.DAYTONA_API_KEY;
  if (!apiUrl || !apiKey) {
    throw refuse(
      "provider_not_configured",
      "No sandbox provider is configured for this deployment.",
    );
  }
  const target = process.env.DAYTONA_TARGET;
  const credential = createHash("sha256")
    .update(JSON.stringify([apiUrl, apiKey]))
    .digest("hex")
    .slice(0, 16);
  if (client?.credential !== credential) {
    handles.clear();
    // The address is passed explicitly: a DAYTONA_API_URL in both the environment and a file makes the client throw.
    client = {
      credential,
      daytona: new Daytona({
        apiUrl,
        apiKey,
        requestTimeoutMs: STEP_TIMEOUT,
        ...(target && { target }),
      }),
    };
  }
  return client;
}

/** Handles of recent sandboxes, so that a start or a claim needs no GET before it. */
const handles = new Map<string, Sandbox>();
const MAX_HANDLES = 500;

function keep(sandbox: Sandbox): Sandbox {
  handles.delete(sandbox.id);
  handles.set(sandbox.id, sandbox);
  const oldest = handles.keys().next();
  if (handles.size > MAX_HANDLES && !oldest.done) handles.delete(oldest.value);
  return sandbox;
}

/** For node/reach, this adapter's other half. */
export async function handle(remoteId: string): Promise<Sandbox> {
  const { daytona } = configured();
  return handles.get(remoteId) ?? keep(await daytona.get(remoteId));
}

const STATES: Record<string, ProviderState | "gone"> = {
  started: "started",
  stopped: "stopped",
  archived: "stopped",
  paused: "stopped",
  creating: "starting",
  restoring: "starting",
  starting: "starting",
  pending_build: "starting",
  building_snapshot: "starting",
  pulling_snapshot: "starting",
  resuming: "starting",
  unknown: "starting",
  resizing: "starting",
  snapshotting: "starting",
  forking: "starting",
  stopping: "stopping",
  archiving: "stopping",
  pausing: "stopping",
  destroying: "deleting",
  destroyed: "gone",
  error: "failed",
  build_failed: "failed",
};

const dto = z.object({ id: z.string().min(1), state: z.string().optional() });
const previewLink = z.object({ url: z.url(), token: z.string() });

function toOutcome(sandbox: Sandbox): Outcome {
  const { id, state } = dto.parse({ id: sandbox.id, state: sandbox.state });
  const provider = STATES[state ?? "unknown"] ?? "starting";
  return provider === "gone" ? { kind: "gone" } : present(id, provider);
}

function present(remoteId: string, provider: ProviderState): Outcome {
  const { credential } = configured();
  return { kind: "present", remoteId, provider, credential };
}

/**
 * Makes the sandbox of a generation, or adopts the one that carries its name.
 * A call without an answer is `unknown`: repeating it is safe, the name is unique.
 */
export async function create(work: {
  name: string;
  labels: Record<string, string>;
  snapshot?: string;
  autoStopMinutes: number;
}): Promise<Outcome> {
  try {
    return await bounded(async () => {
      const made = await daytona().create(
        {
          name: work.name,
          labels: work.labels,
          autoStopInterval: work.autoStopMinutes,
          ...(work.snapshot && { snapshot: work.snapshot }),
        },
        { timeout: SECONDS },
      );
      return toOutcome(keep(made));
    });
  } catch (error) {
    if (error instanceof DaytonaConflictError) {
      return attempt(() => adopt(work.name, work.labels));
    }
    // The client also waits for the start: only these can come from the create alone.
    const sure =
      error instanceof DaytonaBadRequestError ||
      error instanceof DaytonaUnprocessableEntityError ||
      error instanceof ConvexError;
    const outcome = judge(error);
    return outcome.kind === "refused" && !sure
      ? { ...outcome, mayExist: true }
      : outcome;
  }
}

/** Takes over what carries our name, if all its labels are ours. */
async function adopt(
  name: string,
  labels: Record<string, string>,
): Promise<Outcome> {
  let found: Sandbox;
  try {
    found = await daytona().get(name);
  } catch (error) {
    // Taken, yet not there to be read: the list and GET lag. Ask again.
    if (error instanceof DaytonaNotFoundError) return { kind: "conflict" };
    throw error;
  }
  const ours = Object.entries(labels).every(
    ([key, value]) => found.labels[key] === value,
  );
  if (!ours) {
    return {
      kind: "refused",
      error: failure(
        "provider_refused",
        `The provider has a sandbox named ${name} that is not ours.`,
      ),
    };
  }
  const outcome = toOutcome(keep(found));
  return outcome.kind === "present" ? { ...outcome, adopted: true } : outcome;
}

/** Reads the sandbox's state by id. */
export function look(ref: Ref): Promise<Outcome> {
  return ofKnown(ref, async () => {
    const { daytona } = configured();
    return toOutcome(keep(await daytona.get(ref.remoteId)));
  });
}

export function start(ref: Ref): Promise<Outcome> {
  const call = async () => {
    const sandbox = await handle(ref.remoteId);
    await sandbox.start(SECONDS);
    return toOutcome(sandbox);
  };
  return unlessMoved(ref, "stopped", ofKnown(ref, call));
}

/** Asks the provider to bring a sandbox back that it calls failed. */
export function recover(ref: Ref): Promise<Outcome> {
  const call = async () => {
    const sandbox = await handle(ref.remoteId);
    await sandbox.recover(SECONDS);
    return toOutcome(sandbox);
  };
  return unlessMoved(ref, "failed", ofKnown(ref, call));
}

/**
 * What is refused in one state is right in another: the provider starts only
 * what is stopped and recovers only what has failed, and says 400 to a call
 * that has happened before. Where it is in another state, that says what to do next.
 */
async function unlessMoved(
  ref: Ref,
  from: ProviderState,
  call: Promise<Outcome>,
): Promise<Outcome> {
  const outcome = await call;
  if (outcome.kind !== "refused") return outcome;
  const found = await look(ref);
  return found.kind === "present" && found.provider === from ? outcome : found;
}

export function stop(ref: Ref): Promise<Outcome> {
  return ofKnown(ref, async () => {
    const sandbox = await handle(ref.remoteId);
    // What the client kept of an earlier stop would be its answer if its look fails.
    delete sandbox.state;
    await sandbox.stop(SECONDS);
    if (sandbox.state !== "destroyed") return toOutcome(sandbox);
    // While it waits, the client takes any 404 for a deletion: that is no evidence.
    return toOutcome(keep(await daytona().get(ref.remoteId)));
  });
}

/** Asks for the deletion; `present: deleting` until a look finds it gone. */
export function remove(ref: Ref): Promise<Outcome> {
  return ofKnown(ref, async () => {
    const sandbox = await handle(ref.remoteId);
    await sandbox.delete(SECONDS);
    handles.delete(ref.remoteId);
    return present(ref.remoteId, "deleting");
  });
}

/** Tells the provider that the sandbox is in use; true if it heard. */
export async function keepAlive(ref: Ref): Promise<boolean> {
  const outcome = await ofKnown(ref, async () => {
    const sandbox = await handle(ref.remoteId);
    await sandbox.refreshActivity();
    return present(ref.remoteId, "started");
  });
  return outcome.kind === "present";
}

/** Looks a sandbox up by its name and, if it is there, asks for its deletion. */
export function removeByName(name: string): Promise<Outcome> {
  return attempt(async () => {
    let sandbox: Sandbox;
    try {
      sandbox = keep(await daytona().get(name));
    } catch (error) {
      if (error instanceof DaytonaNotFoundError) return { kind: "gone" };
      throw error;
    }
    // Somebody else's is left alone: ours is not there.
    const ours = sandbox.state !== "destroyed" && nameOf(sandbox) === name;
    if (!ours) return { kind: "gone" };
    await sandbox.delete(SECONDS);
    return present(sandbox.id, "deleting");
  });
}

/** The name that one of ours has with these labels (lifecycle/remotes). */
function nameOf({ labels: { [DEPLOYMENT_LABEL]: of, ...labels } }: Sandbox) {
  return `slipway-${of}-${labels["slipway-slot"]}-${labels["slipway-generation"]}`;
}

/** Where a sandbox's daemon is reached, privately. A stop changes the token. */
type Access = z.infer<typeof previewLink>;

export async function accessTo(sandbox: Sandbox): Promise<Access> {
  const { url, token } = await sandbox.getPreviewLink(SANDBOXD_PORT);
  return previewLink.parse({ url, token });
}

/**
 * Claims a started sandbox: writes the daemon's key through the toolbox while
 * the private address is fetched, in parallel.
 */
export async function claim(
  ref: Ref,
  claimFile: { key: string; generation: number },
): Promise<Outcome | { kind: "claimed"; access: Access }> {
  try {
    return await bounded(async () => {
      const sandbox = await handle(ref.remoteId);
      const [access] = await Promise.all([
        accessTo(sandbox),
        sandbox.fs.uploadFile(
          Buffer.from(JSON.stringify(claimFile)),
          CLAIM_PATH,
          SECONDS,
        ),
      ]);
      return { kind: "claimed" as const, access };
    });
  } catch (error) {
    // A stopped sandbox refuses the toolbox: its state says what to do next.
    handles.delete(ref.remoteId);
    const found = await look(ref);
    return found.kind === "present" && found.provider === "started"
      ? judge(error)
      : found;
  }
}

/** The label whose value is the deployment's id. */
export const DEPLOYMENT_LABEL = "slipway-deployment";

/** A call about a sandbox we know. A 404 is believed only with evidence. */
async function ofKnown(
  ref: Ref,
  call: () => Promise<Outcome>,
): Promise<Outcome> {
  return attempt(async () => {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof DaytonaNotFoundError)) throw error;
      handles.delete(ref.remoteId);
      return confirmGone(ref);
    }
  });
}

/**
 * A wrong key, another account and a wrong address answer 404 as well. It is
 * gone if the account that knew it is still ours and its list, read just now
 * without an error, does not show it.
 */
async function confirmGone(ref: Ref): Promise<Outcome> {
  const { credential, daytona } = configured();
  if (ref.credential !== undefined && ref.credential !== credential) {
    return {
      kind: "unknown",
      error: failure(
        "provider_refused",
        "The sandbox was made with other provider credentials and is not known to these.",
      ),
    };
  }
  try {
    for await (const _ of daytona.list({ id: ref.remoteId, limit: 1 })) {
      return { kind: "conflict" }; // the list and GET disagree: ask again
    }
    return { kind: "gone" };
  } catch (error) {
    return { kind: "unknown", error: describe(error) };
  }
}

/** Runs a call within its time and says what came of it; the vendor's error never leaves. */
async function attempt(call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await bounded(call);
  } catch (error) {
    return judge(error);
  }
}
