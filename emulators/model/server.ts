import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import {
  BAD_REQUEST,
  FAILING_MODELS,
  failureOf,
  UNKNOWN_ROUTE,
  WRONG_KEY,
  type Failure,
} from "./failures";
import { nextStep, type ChatMessage, type ToolDef } from "./script";
import { streamCompletion } from "./stream";
import { completion, usageOf } from "./wire";

export type ModelServerOptions = {
  /** 0 chooses a free port. */
  port?: number;
  /** When set, a request without `Bearer <key>` is answered with 401. */
  key?: string;
  /** Milliseconds between streamed chunks (default 18). */
  paceMs?: number;
};

export type ModelServer = {
  /** Without the `/v1` that clients add. */
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

/** Every name the server lists; any other answers as "demo" does. */
export const MODELS = ["demo", "slow", "cut", ...FAILING_MODELS];

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const KEPT_REQUESTS = 100;
const DEFAULT_PACE_MS = 18;
/** "slow" is for stopping in the middle: a word a second. */
const SLOW_PACE_MS = 1_000;
const CUT_AFTER_CHUNKS = 3;

/** Starts the scripted demo model on 127.0.0.1. */
export async function createModelServer(
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  let requests: ChatRequest[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { pathname } = new URL(request.url ?? "/", "http://model");
    const route = `${request.method} ${pathname}`;
    if (route === "GET /health") return sendJson(response, { ok: true });
    const wanted = options.key && `Bearer ${options.key}`;
    if (wanted && request.headers.authorization !== wanted) {
      return sendFailure(response, WRONG_KEY);
    }
    if (route === "GET /v1/models") {
      return sendJson(response, { object: "list", data: MODELS.map(modelRow) });
    }
    if (route !== "POST /v1/chat/completions") {
      return sendFailure(response, UNKNOWN_ROUTE);
    }
    const chat = parseChat(await readText(request));
    if (!chat) return sendFailure(response, BAD_REQUEST);
    requests = [...requests, chat].slice(-KEPT_REQUESTS);
    await complete(response, chat, options.paceMs ?? DEFAULT_PACE_MS);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error("model:", error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    reset: () => {
      requests = [];
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function complete(
  response: ServerResponse,
  chat: ChatRequest,
  paceMs: number,
): Promise<void> {
  const { model } = chat;
  const failure = failureOf(model);
  if (failure) return sendFailure(response, failure);
  const step = nextStep(chat.messages, chat.tools);
  const usage = usageOf(chat.messages, step);
  if (!chat.stream) return sendJson(response, completion(model, step, usage));
  await streamCompletion(response, {
    model,
    step,
    usage,
    paceMs: model === "slow" ? SLOW_PACE_MS : paceMs,
    cutAfter: model === "cut" ? CUT_AFTER_CHUNKS : Infinity,
  });
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

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error("a body over 16 MiB");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseChat(text: string): ChatRequest | null {
  let body: Partial<ChatRequest> | null;
  try {
    body = JSON.parse(text) as Partial<ChatRequest> | null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof body?.model !== "string" || !Array.isArray(body.messages)) {
    return null;
  }
  return {
    model: body.model,
    messages: body.messages,
    tools: Array.isArray(body.tools) ? body.tools : [],
    stream: body.stream === true,
  };
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function sendFailure(response: ServerResponse, failure: Failure): void {
  response.writeHead(failure.status, {
    "content-type": "application/json",
    ...failure.headers,
  });
  response.end(JSON.stringify(failure.body));
}
