import { z } from "zod";
import type { Json } from "../values/json";

/** What the official clients send over `/api/{version}/sync`. */

const json = z.custom<Json>((value) => value !== undefined);
const version = z.int().nonnegative();

const addQuery = z.object({
  type: z.literal("Add"),
  queryId: version,
  udfPath: z.string(),
  args: z.array(json),
  journal: z.string().nullish(),
  componentPath: z.string().nullish(),
});

const removeQuery = z.object({ type: z.literal("Remove"), queryId: version });

const call = {
  requestId: version,
  udfPath: z.string(),
  args: z.array(json),
  componentPath: z.string().nullish(),
};

export const clientMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("Connect"),
    sessionId: z.string(),
    connectionCount: z.number(),
    lastCloseReason: z.string().nullish(),
    maxObservedTimestamp: z.string().nullish(),
    clientTs: z.number().nullish(),
  }),
  z.object({
    type: z.literal("ModifyQuerySet"),
    baseVersion: version,
    newVersion: version,
    modifications: z.array(
      z.discriminatedUnion("type", [addQuery, removeQuery]),
    ),
  }),
  z.object({ type: z.literal("Mutation"), ...call }),
  z.object({ type: z.literal("Action"), ...call }),
  z.object({
    type: z.literal("Authenticate"),
    tokenType: z.enum(["User", "Admin", "None"]),
    value: z.string().optional(),
    baseVersion: version,
    impersonating: z.record(z.string(), json).optional(),
  }),
  z.object({ type: z.literal("Event"), eventType: z.string(), event: json }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;
export type AddQuery = z.infer<typeof addQuery>;
export type CallMessage = Extract<
  ClientMessage,
  { type: "Mutation" | "Action" }
>;

export type StateVersion = { querySet: number; ts: number; identity: number };

/** A timestamp on the wire: a little-endian u64 in base64. */
export function encodeTs(ts: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(ts));
  return bytes.toString("base64");
}

export function encodeVersion(version: StateVersion): string {
  return JSON.stringify({ ...version, ts: encodeTs(version.ts) });
}
