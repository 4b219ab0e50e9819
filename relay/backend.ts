import { z } from "zod";
import type { Limits } from "./limits";

/** The relay's two questions to Slipway's functions, which it asks with its secret. */

const claim = z.object({
  userId: z.string(),
  slotId: z.string(),
  generation: z.number(),
  revision: z.number(),
  tokenId: z.string().optional(),
});
/** In whose name something is open, and on which boot of which sandbox. */
export type Claim = z.infer<typeof claim>;

const purpose = z.union([
  z.object({ kind: z.literal("terminal") }),
  z.object({ kind: z.literal("port"), port: z.number() }),
  z.object({ kind: z.literal("file"), path: z.string() }),
]);
export type Purpose = z.infer<typeof purpose>;

const grant = z.object({
  claim,
  purpose,
  /** The sandbox's address and its own token; good for this sandbox until it stops. */
  target: z.object({ url: z.url(), token: z.string() }),
  label: z.string().nullable(),
});
/** What a ticket was good for. */
export type Grant = z.infer<typeof grant>;

const failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), next: z.string() }),
});

const verdicts = z.object({
  verdicts: z.array(z.enum(["ok", "sandbox_changed", "access_withdrawn"])),
});
export type Verdict = z.infer<typeof verdicts>["verdicts"][number];

/** What happened to something open since it was last asked about. */
export type Life = {
  /** Bytes came out of the sandbox. */
  active: boolean;
  /** Somebody typed. */
  typed: boolean;
};

/** Claims asked about in one request; the functions take no more. */
export const BATCH = 100;

/** A refusal in Slipway's words, or that nobody answered. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly next: string,
  ) {
    super(message);
  }
}

/** 256 bits in base64url. What has another form was never one. */
const TICKET = /^[\w-]{43}$/;

export class Backend {
  private redeeming = 0;

  constructor(
    private readonly siteUrl: string,
    private readonly secret: string,
    private readonly limits: Limits,
  ) {}

  /** Uses a ticket up. Throws Refusal. */
  async redeem(ticket: string, kind: Purpose["kind"]): Promise<Grant> {
    if (!TICKET.test(ticket)) {
      throw new Refusal(
        403,
        "ticket_invalid",
        "This is no ticket.",
        "Open it again from Slipway.",
      );
    }
    if (this.redeeming >= this.limits.redeeming) {
      throw unavailable("asked too much at once");
    }
    this.redeeming += 1;
    try {
      return await this.askFor(ticket, kind);
    } finally {
      this.redeeming -= 1;
    }
  }

  private async askFor(ticket: string, kind: Purpose["kind"]): Promise<Grant> {
    const { status, body } = await this.ask("/relay/redeem", { ticket, kind });
    const granted = grant.safeParse(body);
    if (status === 200 && granted.success) return granted.data;
    const refused = failure.safeParse(body);
    if (!refused.success) throw unavailable(`answered ${status}`);
    const { code, message, next } = refused.data.error;
    throw new Refusal(status, code, message, next);
  }

  /** Whether what is open, at most `BATCH`, may stay so, in that order. Throws Refusal. */
  async check(open: (Life & { claim: Claim })[]): Promise<Verdict[]> {
    const { status, body } = await this.ask("/relay/check", { open });
    const answer = verdicts.safeParse(body);
    if (answer.success && answer.data.verdicts.length === open.length) {
      return answer.data.verdicts;
    }
    throw unavailable(`answered ${status}`);
  }

  private async ask(
    path: string,
    body: object,
  ): Promise<{ status: number; body: unknown }> {
    try {
      const response = await fetch(this.siteUrl + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${this.secret}`,
          "content-type": "application/json",
        },
        body: JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(this.limits.connect),
      });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      // Down, slow, or not speaking JSON: all the same to who waits.
      throw unavailable(error instanceof Error ? error.message : String(error));
    }
  }
}

function unavailable(why: string): Refusal {
  console.error(`Slipway's functions: ${why}`);
  return new Refusal(
    503,
    "backend_unavailable",
    "The relay cannot ask Slipway whether this may be opened.",
    "Try again in a moment.",
  );
}
