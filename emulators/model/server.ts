import { failureFor } from "./failures";
import { nextStep, type ChatMessage, type Step, type ToolDef } from "./script";
import { completion, streamCompletion, usageOf } from "./wire";

export type ModelServerOptions = {
  /** 0 chooses a free port. */
  port?: number;
  /** When set, a request without `Bearer <key>` is answered with 401. */
  key?: string;
  /** Milliseconds between streamed chunks (default 18). */
  paceMs?: number;
};

export type ModelServer = {
  url: string;
  /** Chat requests since the last reset, newest last, for tests to look at. */
  requests: () => ChatRequest[];
  reset: () => void;
  close: () => Promise<void>;
};

export type ChatRequest = {
  model: string;
  messages: ChatMessage[];
  tools: ToolDef[];
  stream: boolean;
};

/** Every name the server answers to; the `fail-*` ones are faults on demand. */
export const MODELS = [
  "demo",
  "slow",
  "cut",
  "fail-401",
  "fail-402",
  "fail-429",
  "fail-context",
  "fail-500",
] as const;

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const KEPT_REQUESTS = 100;

/** Starts the scripted demo model on 127.0.0.1. `url` ends in `/v1`-less root. */
export async function createModelServer(
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  let requests: ChatRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    maxRequestBodySize: MAX_BODY_BYTES,
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/health") return Response.json({ ok: true });
      if (options.key && !hasKey(request, options.key)) return failureFor(401);
      if (pathname === "/v1/models" && request.method === "GET") {
        return Response.json({ object: "list", data: MODELS.map(modelRow) });
      }
      if (pathname !== "/v1/chat/completions" || request.method !== "POST") {
        return failureFor(404);
      }
      const chat = parseChat(await request.json().catch(() => null));
      if (!chat) return failureFor(400);
      requests = [...requests, chat].slice(-KEPT_REQUESTS);
      return answerChat(chat, options.paceMs ?? 18, request.signal);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests: () => requests,
    reset: () => {
      requests = [];
    },
    close: () => server.stop(true),
  };
}

function answerChat(
  chat: ChatRequest,
  paceMs: number,
  signal: AbortSignal,
): Response {
  const failure = failureFor(chat.model);
  if (failure) return failure;
  const step: Step = nextStep(chat.messages, chat.tools);
  const usage = usageOf(chat.messages, step);
  if (!chat.stream) return Response.json(completion(chat.model, step, usage));
  return streamCompletion({
    model: chat.model,
    step,
    usage,
    signal,
    paceMs: chat.model === "slow" ? Math.max(paceMs, 1_000) : paceMs,
    cutAfter: chat.model === "cut" ? 3 : Infinity,
  });
}

function hasKey(request: Request, key: string): boolean {
  return request.headers.get("authorization") === `Bearer ${key}`;
}

function modelRow(id: string) {
  return {
    id,
    object: "model",
    created: 0,
    owned_by: "slipway-demo",
    context_length: 131_072,
  };
}

function parseChat(body: unknown): ChatRequest | null {
  if (body === null || typeof body !== "object") return null;
  const { model, messages, tools, stream } = body as Record<string, unknown>;
  if (typeof model !== "string" || !Array.isArray(messages)) return null;
  return {
    model,
    messages: messages as ChatMessage[],
    tools: Array.isArray(tools) ? (tools as ToolDef[]) : [],
    stream: stream === true,
  };
}
