import { v, type Infer } from "convex/values";
import { refuse } from "./errors";
import { sha256Hex } from "./seal";

/**
 * What a ticket opens, and when it does. A ticket is one way through the relay:
 * for one use, within a minute, by one person, to one boot of one sandbox.
 */

/** Long enough to open a connection on a bad line; too short to be passed around. */
export const TICKET_TTL = 60_000;

export const purpose = v.union(
  v.object({ kind: v.literal("terminal") }),
  v.object({ kind: v.literal("port"), port: v.number() }),
  v.object({ kind: v.literal("file"), path: v.string() }),
);
export type Purpose = Infer<typeof purpose>;

/** In whose name something is open at the relay, and on what. Checked again and again. */
export const claim = v.object({
  userId: v.id("users"),
  slotId: v.id("slots"),
  generation: v.number(),
  /** The slot's, when the ticket was made: a stop, even one that was undone, is another. */
  revision: v.number(),
  /** The personal token it was asked for with: revoking that ends it. */
  tokenId: v.optional(v.id("personalTokens")),
});
export type Claim = Infer<typeof claim>;

export const ticketFields = {
  hash: v.string(), // sha256 hex; the ticket itself is kept nowhere
  expiresAt: v.number(),
  purpose,
  ...claim.fields,
};

/**
 * From here on the kernel gives out ports by itself; the agent's is one of those.
 * What a person serves is below.
 */
const FIRST_EPHEMERAL = 32_768;

/** sandboxd, and the provider's own: its toolbox, its SSH, its terminal. */
const RESERVED = [4_500, 2_280, 22_220, 22_222];

const MAX_PATH = 1_024;

/** Throws `bad_request`, `port_reserved`. Answers the purpose, its path made plain. */
export function requirePurpose(wanted: Purpose): Purpose {
  switch (wanted.kind) {
    case "terminal":
      return wanted;
    case "port":
      requirePort(wanted.port);
      return wanted;
    case "file":
      return { kind: "file", path: plainPath(wanted.path) };
  }
}

function requirePort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw refuse("bad_request", "A port is a whole number from 1 to 65535.");
  }
  if (port >= FIRST_EPHEMERAL || RESERVED.includes(port)) {
    throw refuse("port_reserved", `Port ${port} is not yours to open.`);
  }
}

/**
 * A path below the home, relative to it. This keeps people from mistakes; it is
 * no wall: a link in there may lead anywhere in the sandbox, which is its owner's.
 */
function plainPath(given: string): string {
  const relative = given.replace(/^(~|\/home\/daytona)(?=\/)/, ".");
  const steps = relative.split("/").filter((step) => step && step !== ".");
  const outside = relative.startsWith("/") || steps.includes("..");
  if (outside || steps.length === 0) {
    throw refuse(
      "bad_request",
      "Name a file below /home/daytona, for example report/summary.pdf.",
    );
  }
  const path = steps.join("/");
  // eslint-disable-next-line no-control-regex -- these are what is refused
  if (path.length > MAX_PATH || /[\u0000-\u001f\u007f]/.test(path)) {
    throw refuse("bad_request", "This is not the name of a file.");
  }
  return path;
}

/** Whether what is open may stay so. The codes are those a closed connection carries. */
export type Verdict = "ok" | "sandbox_changed" | "access_withdrawn";

/** What the records say of a claim now. */
export type Standing = {
  slot: {
    userId: string;
    generation: number;
    revision: number;
    status: string;
  } | null;
  /** The user is there, and so is the token it was asked for with. */
  access: boolean;
};

/** Whether a claim still holds. Pure. */
export function judgeClaim(claim: Claim, { slot, access }: Standing): Verdict {
  if (!access || slot?.userId !== claim.userId) return "access_withdrawn";
  const same =
    slot.status === "running" &&
    slot.generation === claim.generation &&
    slot.revision === claim.revision;
  return same ? "ok" : "sandbox_changed";
}

/**
 * The name a preview is served under: one per (slot, generation, port), so the
 * page of one port shares no cookie, storage or worker with anything else, and
 * a page that is opened again finds its own. It opens nothing by itself.
 */
export async function previewLabel(
  secret: string,
  of: { slotId: string; generation: number; port: number },
): Promise<string> {
  const { slotId, generation, port } = of;
  const hash = await sha256Hex(
    JSON.stringify(["preview", secret, slotId, generation, port]),
  );
  return `p-${hash.slice(0, 32)}`;
}
