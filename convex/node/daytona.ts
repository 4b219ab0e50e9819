"use node";

import {
  Daytona,
  DaytonaAuthenticationError,
  DaytonaBadRequestError,
  DaytonaConflictError,
  DaytonaError,
  DaytonaForbiddenError,
  DaytonaNotFoundError,
  DaytonaRateLimitError,
  DaytonaUnprocessableEntityError,
  type Sandbox,
} from "@daytonaio/sdk";
import { ConvexError } from "convex/values";
import { z } from "zod";
import { failure, refuse, toFailure, type Failure } from "../model/errors";
import type { Outcome as StepOutcome, ProviderState } from "../model/slot";
import type { Listed } from "../model/sweep";
import { STEP_TIMEOUT } from "../model/timing";

/**
 * The sandbox provider in our words. Nothing of the vendor's shapes goes past
 * this file; every call ends within STEP_TIMEOUT and can be repeated.
 */

const SECONDS = STEP_TIMEOUT / 1_000;

/** The port sandboxd listens on inside every sandbox. */
export const SANDBOXD_PORT = 4500;

/** Where the claim lies, relative to the sandbox user's home. */
const CLAIM_PATH = "/home/daytona/.slipway/claim.json";

/** What one call finds; a claim answers an address as well. */
export type Outcome = Exclude<StepOutcome, { kind: "claimed" }>;

let client: { key: string; daytona: Daytona } | undefined;

/** The official client on the configured address. Throws `provider_not_configured`. */
function daytona(): Daytona {
  const apiUrl = process.env.DAYTONA_API_URL;
  const apiKey = process.env.DAYTONA_API_KEY;
  if (!apiUrl || !apiKey) {
    throw refuse(
      "provider_not_configured",
      "No sandbox provider is configured for this deployment.",
    );
  }
  const target = process.env.DAYTONA_TARGET;
  const key = JSON.stringify([apiUrl, apiKey, target]);
  if (client?.key !== key) {
    // The address is passed explicitly: a DAYTONA_API_URL in both the environment and a file makes the client throw.
    client = {
      key,
      daytona: new Daytona({ apiUrl, apiKey, ...(target && { target }) }),
    };
    handles.clear();
  }
  return client.daytona;
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

async function handle(remoteId: string): Promise<Sandbox> {
  return handles.get(remoteId) ?? keep(await daytona().get(remoteId));
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

function toOutcome(sandbox: Sandbox): Outcome {
  const { id, state } = dto.parse({ id: sandbox.id, state: sandbox.state });
  const provider = STATES[state ?? "unknown"] ?? "starting";
  return provider === "gone"
    ? { kind: "gone" }
    : { kind: "present", remoteId: id, provider };
}

/**
 * Makes the sandbox of a generation, or adopts the one that carries its name.
 * A call without an answer is `unknown`: repeating it is safe, the name is unique.
 */
export async function create(work: {
  name: string;
  labels: Record<string, string>;
  autoStopMinutes: number;
}): Promise<Outcome> {
  const snapshot = process.env.SLIPWAY_SNAPSHOT;
  return outcomeOf(async () => {
    try {
      const made = await bounded(
        daytona().create(
          {
            name: work.name,
            labels: work.labels,
            autoStopInterval: work.autoStopMinutes,
            ...(snapshot && { snapshot }),
          },
          { timeout: SECONDS },
        ),
      );
      return toOutcome(keep(made));
    } catch (error) {
      if (!(error instanceof DaytonaConflictError)) throw error;
      return adopt(work.name, work.labels);
    }
  }, "create");
}

/** Takes over what carries our name, if all its labels are ours. */
async function adopt(
  name: string,
  labels: Record<string, string>,
): Promise<Outcome> {
  let found: Sandbox;
  try {
    found = await bounded(daytona().get(name));
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
  return toOutcome(keep(found));
}

/** Reads the sandbox's state by id; a 404 by id is proof that it is gone. */
export function look(remoteId: string): Promise<Outcome> {
  return outcomeOf(async () =>
    toOutcome(keep(await bounded(daytona().get(remoteId)))),
  );
}

export function start(remoteId: string): Promise<Outcome> {
  return outcomeOf(async () => {
    const sandbox = await handle(remoteId);
    await bounded(sandbox.start(SECONDS));
    return toOutcome(sandbox);
  }, "start");
}

export function stop(remoteId: string): Promise<Outcome> {
  return outcomeOf(async () => {
    const sandbox = await handle(remoteId);
    await bounded(sandbox.stop(SECONDS));
    return toOutcome(sandbox);
  });
}

/** Asks for the deletion; `present: deleting` until a look finds it gone. */
export function remove(remoteId: string): Promise<Outcome> {
  return outcomeOf(async () => {
    const sandbox = await handle(remoteId);
    await bounded(sandbox.delete(SECONDS));
    handles.delete(remoteId);
    return { kind: "present", remoteId, provider: "deleting" };
  });
}

/** Looks a sandbox up by its name and, if it is there, asks for its deletion. */
export async function removeByName(name: string): Promise<Outcome> {
  return outcomeOf(async () => {
    const sandbox = await bounded(daytona().get(name));
    if (sandbox.state === "destroyed") return { kind: "gone" };
    return remove(keep(sandbox).id);
  });
}

/**
 * Claims a started sandbox: writes the daemon's key through the toolbox while
 * the private address is fetched, in parallel.
 */
export async function claim(
  remoteId: string,
  claimFile: { key: string; generation: number },
): Promise<
  Outcome | { kind: "claimed"; access: { url: string; token: string } }
> {
  try {
    const sandbox = await handle(remoteId);
    const [preview] = await bounded(
      Promise.all([
        sandbox.getPreviewLink(SANDBOXD_PORT),
        sandbox.fs.uploadFile(
          Buffer.from(JSON.stringify(claimFile)),
          CLAIM_PATH,
          SECONDS,
        ),
      ]),
    );
    const access = z
      .object({ url: z.url(), token: z.string() })
      .parse({ url: preview.url, token: preview.token });
    return { kind: "claimed", access };
  } catch (error) {
    // A stopped sandbox refuses the toolbox: its state says what to do next.
    handles.delete(remoteId);
    const found = await look(remoteId);
    return found.kind === "present" && found.provider === "started"
      ? { kind: "unknown", error: describe(error) }
      : found;
  }
}

/** Every sandbox that carries this deployment's label. Throws on any failed page: half a list condemns nobody. */
export async function list(deploymentId: string): Promise<Listed[]> {
  const found: Listed[] = [];
  const labels = { "slipway-deployment": deploymentId };
  for await (const sandbox of daytona().list({ labels, limit: 100 })) {
    // The list lags: what is on its way out is no orphan.
    if (["destroyed", "destroying"].includes(sandbox.state ?? "")) continue;
    const generation = Number(sandbox.labels["slipway-generation"]);
    found.push({
      remoteId: sandbox.id,
      name: sandbox.name,
      slotId: sandbox.labels["slipway-slot"] ?? null,
      generation: Number.isInteger(generation) ? generation : null,
      started: sandbox.state === "started",
    });
  }
  return found;
}

/** Runs a call and says what came of it; only `kind`, never the vendor's error, leaves. */
async function outcomeOf(
  call: () => Promise<Outcome>,
  purpose: "create" | "start" | "other" = "other",
): Promise<Outcome> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DaytonaNotFoundError && purpose !== "create") {
      return { kind: "gone" };
    }
    if (error instanceof DaytonaConflictError) return { kind: "conflict" };
    const described = describe(error);
    return isRefusal(error)
      ? { kind: "refused", error: described }
      : { kind: "unknown", error: described };
  }
}

/** The provider said no, so nothing happened; anything else may have happened. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof DaytonaBadRequestError ||
    error instanceof DaytonaAuthenticationError ||
    error instanceof DaytonaForbiddenError ||
    error instanceof DaytonaUnprocessableEntityError ||
    error instanceof DaytonaNotFoundError ||
    error instanceof ConvexError
  );
}

function describe(error: unknown): Failure {
  if (error instanceof ConvexError) return toFailure(error);
  if (error instanceof z.ZodError) {
    return failure(
      "provider_unavailable",
      "The sandbox provider answered something unknown to us.",
    );
  }
  if (error instanceof DaytonaRateLimitError) {
    return failure("provider_busy", "The sandbox provider limits our calls.");
  }
  if (error instanceof DaytonaError && isRefusal(error)) {
    return failure(
      error.code === "ISOLATION_UNAVAILABLE"
        ? "isolation_unavailable"
        : "provider_refused",
      `The sandbox provider refused: ${error.message.slice(0, 300)}`,
    );
  }
  if (error instanceof DaytonaError || error instanceof StepTimeout) {
    return failure(
      "provider_unavailable",
      "The sandbox provider did not answer in time.",
    );
  }
  throw error;
}

class StepTimeout extends Error {}

/** The SDK's own timeouts do not cover every phase of a call; this one does. */
async function bounded<T>(call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StepTimeout("The call took too long.")),
      STEP_TIMEOUT + 1_000,
    );
  });
  try {
    return await Promise.race([call, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
