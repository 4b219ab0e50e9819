import { z } from "zod";
import { failure, ms, name, queue } from "./schemas";

/** What the HTTP API answers of sandboxes; see schemas.ts. */

const slotState = z.object({
  status: z.enum([
    "empty",
    "queued",
    "creating",
    "starting",
    "running",
    "stopping",
    "stopped",
    "deleting",
    "replacing",
    "failed",
  ]),
  since: ms("Since when.").optional(),
  by: z.enum(["user", "provider"]).optional(),
  error: failure.optional().meta({
    description:
      "Why it failed, why a replacement halted, why what is stopped was not started or was given up, or why what runs was not stopped.",
  }),
  stage: z
    .enum([
      "wake",
      "keep",
      "stop",
      "delete",
      "place",
      "create",
      "boot",
      "restore",
    ])
    .optional()
    .meta({ description: "How far a replacement has come." }),
  disk: z.literal("kept").optional(),
});

export const sandbox = name(
  "Sandbox",
  z.object({
    slotId: z.string(),
    name: z.string(),
    sandboxId: z
      .string()
      .nullable()
      .meta({ description: "The sandbox provider's own id." }),
    state: slotState,
    generation: z
      .number()
      .meta({ description: "How many sandboxes this place has had." }),
    agent: z
      .object({
        state: z.enum([
          "starting",
          "ready",
          "unavailable",
          "failed",
          "insecure",
        ]),
        reason: z.string().optional(),
        version: z.string().optional(),
      })
      .nullable(),
    skills: z.array(
      z.object({
        skillKey: z.string(),
        name: z.string(),
        link: z.string(),
        sha: z.string(),
        installedAt: ms("When it was confirmed on the disk."),
      }),
    ),
    autoStopAt: ms("When it stops by itself, if nobody uses it.").nullable(),
    warnedAt: ms(
      "Since when it is announced that it stops then; null until its last minutes.",
    ).nullable(),
    lastConfirmedAt: ms(
      "When it was last seen running. Not renewed while it runs and its health is not `unreachable`: it is looked at each minute.",
    ).nullable(),
    ...queue,
    restartNeeded: z.boolean().meta({
      description: "It was made from a snapshot that is not the present one.",
    }),
    previous: z
      .object({ generation: z.number() })
      .nullable()
      .meta({ description: "A former one that is not confirmed gone yet." }),
    cancellable: z
      .boolean()
      .meta({ description: "Its replacement can be given up now." }),
    health: z.enum([
      "queued",
      "replacing",
      "ok",
      "starting",
      "stopping",
      "stopped",
      "unreachable",
      "failed",
      "none",
    ]),
    launching: z.number().meta({ description: "Launches under way in it." }),
    repairs: z.number().meta({
      description: "How often of late skills that it had lost were put back.",
    }),
  }),
);

/** What a ticket is for. */
export const purpose = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("terminal") }),
  z.object({
    kind: z.literal("port"),
    port: z
      .number()
      .meta({ description: "1 to 32767, where a program in it listens." }),
  }),
  z.object({
    kind: z.literal("file"),
    path: z.string().meta({ description: "Below /home/daytona." }),
  }),
]);

export const ticket = name(
  "Ticket",
  z.object({
    ticket: z.string().meta({ description: "A secret; it is kept nowhere." }),
    url: z.string().meta({
      description:
        "Where it is good. Has the ticket in it, but for a terminal's.",
    }),
    expiresAt: ms("Until when it must be used."),
  }),
);

export const restoreItem = name(
  "RestoreItem",
  z.object({
    slotId: z.string(),
    name: z.string(),
    state: z
      .enum(["stopping", "stopped", "restoring", "failed"])
      .meta({ description: "What came of it; `failed` can be tried again." }),
    error: failure.optional(),
    slot: slotState
      .nullable()
      .meta({ description: "The sandbox now; null: it cannot be read." }),
  }),
);
