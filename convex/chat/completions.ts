import type { FunctionReturnType } from "convex/server";
import { internal } from "../_generated/api";
import type { ActionCtx } from "../_generated/server";
import {
  parseCompletion,
  turnOf,
  usageOf,
  type Completion,
} from "../model/chat/completion";
import {
  COMPLETION_PATIENCE,
  MAX_ANSWER_BYTES,
  MAX_COMPLETION_BYTES,
  RECHECK,
} from "../model/chat/limits";
import { contextOf, estimate } from "../model/chat/spending";
import {
  modelError,
  openAiError,
  unavailable,
  type ModelError,
} from "../model/chat/upstream";
import { toFailure } from "../model/errors";
import { aad, open, sha256Hex } from "../model/seal";
import { upTo } from "../model/within";
import { bearerOf, json, readText, type Unread } from "./body";
import { OVER, patiently, relayStream, settle, type Call } from "./stream";

/**
 * The model gateway: an agent's request goes to its user's provider with its
 * user's key, and the answer streams back. The sandbox chooses neither the
 * address nor the model, and never sees the key or a provider's own error.
 */

export async function complete(
  ctx: ActionCtx,
  request: Request,
): Promise<Response> {
  const token = bearerOf(request);
  if (!token) return refusal(403, "forbidden", "A gateway token is needed.");
  const tokenHash = await sha256Hex(token);
  const now = Date.now();
  if (await ctx.runQuery(internal.gateway.full, { now })) return busy();
  const admitted = await ctx.runMutation(internal.gateway.admit, { tokenHash });
  switch (admitted.kind) {
    case "stranger":
      return refusal(403, "forbidden", "This gateway token is not valid.");
    case "idle":
      return refusal(403, "no_turn", OVER.message);
    case "busy":
      return busy();
    case "no_model":
      return refusal(401, admitted.error.code, admitted.error.message);
    case "admitted":
      break;
  }
  const { requestId } = admitted;
  let ready: Awaited<ReturnType<typeof prepare>> | null = null;
  try {
    ready = await prepare(ctx, request, admitted);
  } finally {
    // Also where it threw, as it does for a sandbox that breaks its upload off.
    if (!ready || ready instanceof Response) {
      await ctx.runMutation(internal.gateway.release, { requestId });
    }
  }
  if (ready instanceof Response) return ready;
  const { call, completion, key } = ready;
  const url = `${admitted.provider.baseUrl}/chat/completions`;
  const upstream = await ask(call, url, key, completion);
  if (!(upstream instanceof Response)) return failed(call, upstream);
  const streamed = /^text\/event-stream\b/i.test(
    upstream.headers.get("content-type") ?? "",
  );
  return streamed ? relayStream(call, upstream) : whole(call, upstream);
}

type Admitted = Extract<
  FunctionReturnType<typeof internal.gateway.admit>,
  { kind: "admitted" }
>;

/** Reads a request and charges it to its turn; a response where it is refused. */
async function prepare(
  ctx: ActionCtx,
  request: Request,
  admitted: Admitted,
): Promise<
  Response | { call: Call; completion: Completion; key: string | null }
> {
  const { requestId, turns, userId, provider, model, sealedKey } = admitted;
  const completion = await readCompletion(ctx, request, admitted);
  if (completion instanceof Response) return completion;
  const turn = turnOf(turns, completion.words);
  if (!turn) return refusal(403, "no_turn", OVER.message);
  let key: string | null = null;
  try {
    key =
      sealedKey && (await open(sealedKey, aad.provider(userId, provider.id)));
  } catch (error) {
    const { code, message } = toFailure(error);
    return refusal(401, code, message);
  }
  const { turnId } = turn;
  const context = contextOf(provider, model);
  const tokens = estimate(completion.body, completion.answer, context);
  const charged = await ctx.runMutation(internal.gateway.charge, {
    requestId,
    turnId,
    tokens,
  });
  switch (charged.kind) {
    case "over":
      return refusal(403, "no_turn", OVER.message);
    case "spent":
      return refusal(403, charged.error.code, charged.error.message);
    case "charged":
      return {
        call: { ctx, requestId, turnId, reserved: tokens },
        completion,
        key,
      };
  }
}

/** What the agent asks; a response where it is no request, or not there in time. */
async function readCompletion(
  ctx: ActionCtx,
  request: Request,
  { requestId, turns, model }: Admitted,
): Promise<Completion | Response> {
  let completion: Completion | null = null;
  try {
    const patience = upTo(COMPLETION_PATIENCE);
    const text = await readText(request, MAX_COMPLETION_BYTES, patience);
    if (typeof text !== "string") return unread(text);
    completion = parseCompletion(text, model);
    return (
      completion ??
      refusal(400, "bad_request", "This is no chat completion request.")
    );
  } finally {
    // Whose it was nobody knows. It counts as one of the newest turn's requests,
    // or a sandbox could send such things for ever.
    const turnId = turns.at(-1)?.turnId;
    if (!completion && turnId) {
      const nothing = { requestId, turnId, tokens: 0 };
      await ctx.runMutation(internal.gateway.charge, nothing);
    }
  }
}

function unread({ status }: Unread): Response {
  switch (status) {
    case 408:
      return refusal(status, "bad_request", "The request came too slowly.");
    case 413:
      return refusal(status, "model_context", "The request is over 8 MiB.");
  }
}

/** Too many at once: agents try again after such an answer by themselves. */
function busy(): Response {
  const message = "Too many things are asked of models at once.";
  return json(429, openAiError({ code: "rate_limited", message }), {
    "retry-after": "2",
  });
}

function refusal(status: number, code: string, message: string): Response {
  return json(status, openAiError({ code, message }));
}

const NO_USAGE = { promptTokens: 0, completionTokens: 0 };

async function failed(call: Call, error: ModelError): Promise<Response> {
  // A provider that refused has counted nothing; one that failed may have.
  const usage = error.status < 500 ? NO_USAGE : null;
  await settle(call, usage, error.failure);
  return json(
    error.status,
    openAiError(error.failure),
    error.retryAfter === null
      ? {}
      : { "retry-after": String(error.retryAfter) },
  );
}

/** The provider's answer once it has begun well, or what went wrong. */
async function ask(
  call: Call,
  url: string,
  key: string | null,
  completion: Completion,
): Promise<Response | ModelError> {
  const abort = new AbortController();
  const answer = fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: completion.stream ? "text/event-stream" : "application/json",
      ...(key && { authorization: `Bearer ${key}` }),
    },
    body: completion.body,
    redirect: "manual", // a redirect would carry the key elsewhere
    signal: abort.signal, // ignored by Convex's own runtime
  });
  try {
    const response = await patiently(call, answer);
    if (!response) {
      abort.abort();
      return unavailable("The model provider did not answer.");
    }
    if (response.ok) return response;
    const text = await readText(response, 64 * 1024, upTo(RECHECK));
    return modelError(
      response.status,
      typeof text === "string" ? text : "",
      response.headers.get("retry-after"),
    );
  } catch {
    // The cause may name the address or repeat a header; people need neither.
    return unavailable("The model provider could not be reached.");
  }
}

/** An answer in one piece. */
async function whole(call: Call, upstream: Response): Promise<Response> {
  let text: string;
  let body: unknown;
  try {
    const read = await readText(upstream, MAX_ANSWER_BYTES, (reading) =>
      patiently(call, reading),
    );
    text = typeof read === "string" ? read : "";
    body = JSON.parse(text);
  } catch {
    return failed(call, unavailable("The model's answer was not readable."));
  }
  if (typeof body !== "object" || body === null || isError(body)) {
    return failed(call, modelError(502, text));
  }
  await settle(call, usageOf(body), null);
  return json(200, body);
}

/** Some providers say in every answer that it is none. */
function isError(body: object): boolean {
  return "error" in body && body.error !== null;
}

/** What an agent may ask about its models: there is one, of a fixed name. */
export async function listModels(
  ctx: ActionCtx,
  request: Request,
): Promise<Response> {
  const token = bearerOf(request);
  const known =
    token &&
    (await ctx.runQuery(internal.gateway.known, {
      tokenHash: await sha256Hex(token),
    }));
  if (!known) {
    return refusal(403, "forbidden", "This gateway token is not valid.");
  }
  return json(200, {
    object: "list",
    data: [{ id: "slipway", object: "model", created: 0, owned_by: "slipway" }],
  });
}
