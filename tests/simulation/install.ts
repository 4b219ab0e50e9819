import { mock } from "bun:test";
import * as sdk from "@daytonaio/sdk";
import { digestOf, NoAnswer, WorkerDied, type Box, type World } from "./world";

/**
 * Puts the modelled world where the functions look for the real one: behind
 * the official client's classes and behind fetch. The adapters are the real ones.
 */

let world: World;

/** The world that calls reach from here on. */
export function enter(next: World): void {
  world = next;
}

const { DaytonaConflictError, DaytonaNotFoundError, DaytonaTimeoutError } = sdk;

function requireBox(idOrName: string): Box {
  const box = world.boxes.get(idOrName) ?? world.byName(idOrName);
  if (!box || box.state === "destroyed") {
    throw new DaytonaNotFoundError(`No sandbox ${idOrName}.`, 404);
  }
  return box;
}

/** Throws what the mood makes of a call to the provider. */
function meddle(route: string): void {
  const reads = ["get", "upload"].includes(route);
  if (world.mood === "404") throw new DaytonaNotFoundError("no", 404);
  if (world.mood === "forbidden" && reads) {
    throw new sdk.DaytonaForbiddenError("blocked", 403);
  }
  if (world.mood === "quota" && route === "create") {
    throw new sdk.DaytonaForbiddenError("limit exceeded", 403);
  }
}

async function remote<T>(route: string, effect: () => T): Promise<T> {
  meddle(route);
  try {
    return await world.call(route, effect);
  } catch (error) {
    if (error instanceof NoAnswer) throw new DaytonaTimeoutError("No answer.");
    throw error;
  }
}

/** What the official client gives for one sandbox, as far as the adapter uses it. */
class SimSandbox {
  id: string;
  name: string;
  labels: Record<string, string>;
  state: string;

  constructor(box: Box) {
    this.id = box.id;
    this.name = box.name;
    this.labels = box.labels;
    this.state = box.state;
  }

  private act(route: string, effect: (box: Box) => void): Promise<void> {
    return remote(route, () => {
      const box = requireBox(this.id);
      effect(box);
      this.state = box.state;
      if (world.mood === "dies" && route === "start") world.stop(box);
    });
  }

  start = () =>
    this.act("start", (box) => {
      if (box.state === "destroying") throw new DaytonaConflictError("going");
      if (box.state !== "started") world.boot(box);
    });

  stop = () =>
    this.act("stop", (box) => {
      if (box.state === "destroying") throw new DaytonaConflictError("going");
      world.stop(box);
    });

  delete = () =>
    this.act("delete", (box) => {
      if (box.state !== "destroying") world.destroy(box);
    });

  recover = () =>
    this.act("recover", (box) => {
      if (box.state !== "started") world.boot(box);
    });

  refreshActivity = () => this.act("activity", () => {});

  getPreviewLink = () =>
    remote("preview", () => {
      const box = requireBox(this.id);
      return { url: `http://sim.test/${box.id}`, token: box.previewToken };
    });

  fs = {
    uploadFile: (content: Buffer) =>
      remote("upload", () => {
        const box = requireBox(this.id);
        if (box.state !== "started") {
          throw new sdk.DaytonaBadRequestError("not running", 400);
        }
        box.claim = JSON.parse(content.toString()) as { key: string };
      }),
  };
}

class SimDaytona {
  create = (options: { name: string; labels: Record<string, string> }) => {
    if (world.mood === "late-create") {
      setTimeout(() => world.make(options.name, options.labels), 75_000);
      throw new WorkerDied("create");
    }
    return remote("create", () => {
      if (world.byName(options.name)) {
        throw new DaytonaConflictError(`${options.name} already exists`, 409);
      }
      return new SimSandbox(world.make(options.name, options.labels));
    });
  };

  get = (idOrName: string) =>
    remote("get", () => new SimSandbox(requireBox(idOrName)));

  async *list(query: { id?: string; labels?: Record<string, string> }) {
    const label = query.labels?.["slipway-deployment"];
    const found = await remote("list", () =>
      [...world.boxes.values()].filter(
        (box) =>
          (query.id === undefined || box.id === query.id) &&
          (!label || box.labels["slipway-deployment"] === label) &&
          // The list lags: what is gone may still show.
          (box.state !== "destroyed" || world.dice.chance(0.05)),
      ),
    );
    for (const box of found) yield new SimSandbox(box);
  }
}

const realFetch = globalThis.fetch;

async function simFetch(
  input: Parameters<typeof fetch>[0],
  init?: Parameters<typeof fetch>[1],
): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : String(input));
  if (url.hostname !== "sim.test") return realFetch(input, init);
  const [, id = "", ...rest] = url.pathname.split("/");
  const route = `${init?.method ?? "GET"} /${rest.join("/")}`;
  const headers = new Headers(init?.headers);
  const body = init?.body;
  const payload = typeof body === "string" ? JSON.parse(body) : body;
  const digest =
    payload instanceof Blob ? digestOf(await payload.text()) : undefined;
  try {
    return await world.call(route, () =>
      daemon(requireBox(id), route, headers, payload, digest),
    );
  } catch (error) {
    if (error instanceof WorkerDied) throw error;
    if (error instanceof NoAnswer) {
      throw new DOMException("timed out", "TimeoutError");
    }
    throw new TypeError("connection refused");
  }
}

function daemon(
  box: Box,
  route: string,
  headers: Headers,
  payload: unknown,
  digest: string | undefined,
): Response {
  const answer = (status: number, value: unknown) =>
    Response.json(value, { status });
  if (box.state !== "started") return new Response("no", { status: 502 });
  if (headers.get("x-daytona-preview-token") !== box.previewToken) {
    return new Response("sign in", { status: 307 });
  }
  if (world.mood === "coded-503" && !headers.get("authorization")) {
    return answer(503, { code: "bad_gateway" });
  }
  if (world.mood === "unclaimed" || !box.claim) {
    return answer(503, { code: "unclaimed" });
  }
  if (headers.get("authorization") !== `Bearer ${box.claim.key}`) {
    return answer(401, { code: "unauthorized" });
  }
  switch (route) {
    case "GET /health":
      return answer(200, { ok: true, agent: { state: "ready" } });
    case "PUT /config": {
      const { writeToken, config } = payload as {
        writeToken: number;
        config: unknown;
      };
      if (world.mood === "stale") {
        const onDisk = Number.MAX_SAFE_INTEGER;
        return answer(409, { code: "stale_write_token", onDisk });
      }
      if (box.config && writeToken <= box.config.writeToken) {
        const onDisk = box.config.writeToken;
        return answer(409, { code: "stale_write_token", onDisk });
      }
      box.config = { writeToken, hash: digestOf(JSON.stringify(config)) };
      return answer(200, { writeToken, hash: box.config.hash });
    }
    case "POST /skills": {
      if (digest !== headers.get("x-skill-digest")) {
        return answer(409, { code: "digest_mismatch", digest });
      }
      const key = decodeURIComponent(headers.get("x-skill-key") ?? "");
      box.disk.add(`${key} ${digest}`);
      return answer(200, { digest, path: `/skills/${key}` });
    }
    default:
      return answer(404, { code: "not_found" });
  }
}

/** Call once, before the functions are loaded. */
export function installWorld(): void {
  void mock.module("@daytonaio/sdk", () => ({ ...sdk, Daytona: SimDaytona }));
  // Sealing has tests of its own; its thread pool knows no virtual clock.
  void mock.module("../../convex/model/seal", () => ({
    aad: {
      sandboxd: (slot: string, generation: number) => `${slot}:${generation}:s`,
      gateway: (slot: string, generation: number) => `${slot}:${generation}:g`,
      provider: (user: string, provider: string) => `${user}:${provider}`,
    },
    parseSealKeys: () => [],
    seal: async (text: string, aad: string) => `${aad}|${text}`,
    open: async (sealed: string, aad: string) => {
      if (!sealed.startsWith(`${aad}|`))
        throw new Error("Not sealed for this.");
      return sealed.slice(aad.length + 1);
    },
    sha256Hex: async (text: string) => digestOf(text),
    randomToken: () => crypto.randomUUID(),
  }));
  globalThis.fetch = Object.assign(simFetch, {
    preconnect: realFetch.preconnect,
  });
}
