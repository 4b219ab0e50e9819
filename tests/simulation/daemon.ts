import { currentContext } from "../../emulators/backend/functions/context";
import { Run, type TurnRequest } from "./agent";
import type { LongJob } from "./attempts";
import type { Fault, Route } from "./fate";
import { BadGateway, digestOf, NoAnswer, type Box, type World } from "./world";

/** sandboxd as the functions' fetch reaches it: its contract, without its files. */

let world: World;

/**
 * Ends the listening of requests under way. A signal that is listened to lives for
 * ever, and with it the world of whoever died in a request.
 */
const deafen = new Set<() => void>();

/** The world that requests reach from here on. */
export function enterDaemons(next: World): void {
  for (const end of deafen) end();
  world = next;
}

const LONG: Partial<Record<Route, LongJob>> = {
  "POST /skills": "install",
  "DELETE /skills": "install",
  "POST /keep": "copy",
  "POST /restore": "copy",
};

const realFetch = globalThis.fetch;

export const daemonFetch = Object.assign(
  async (
    input: Parameters<typeof fetch>[0],
    init?: Parameters<typeof fetch>[1],
  ): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.hostname !== "sim.test") return realFetch(input, init);
    const [, id = "", ...path] = url.pathname.split("/");
    const headers = new Headers(init?.headers);
    const { body } = init ?? {};
    const request: Request_ = {
      route: `${init?.method ?? "GET"} /${path[0] ?? ""}` as Route,
      path,
      from: Number(url.searchParams.get("from") ?? 0),
      headers,
      body: typeof body === "string" ? (JSON.parse(body) as unknown) : body,
      text: body instanceof Blob ? await body.text() : "",
    };
    if (path[2] === "stop") request.route = "POST /turns/stop";
    const attempt = world.attempts.of(currentContext());
    const long = LONG[request.route];
    if (attempt && long) {
      attempt.asking = long;
      world.onLongJob(long);
    }
    try {
      const owner = world.boxes.get(id)?.labels["slipway-slot"] ?? "";
      const answer = world.call(
        request.route,
        world.ownerOf(owner),
        (fault, dice) => {
          const box = world.boxes.get(id);
          if (!box || box.state === "destroyed") {
            throw new NoAnswer("no such sandbox");
          }
          if (fault === "full") {
            box.fullUntil = world.clock.now() + dice.between(5_000, 300_000);
          }
          return answerOf(box, request, fault);
        },
      );
      return await unlessBrokenOff(answer, init?.signal);
    } catch (error) {
      if (error instanceof BadGateway) return said(502, "bad gateway");
      if (error instanceof NoAnswer) {
        throw new DOMException("timed out", "TimeoutError");
      }
      throw error;
    } finally {
      if (attempt) attempt.asking = null;
    }
  },
  { preconnect: realFetch.preconnect },
);

/** Whoever asked waits no more; what was asked takes its course. */
function unlessBrokenOff<T>(
  answer: Promise<T>,
  signal: AbortSignal | null | undefined,
): Promise<T> {
  if (!signal) return answer;
  const broken = Promise.withResolvers<never>();
  const hear = () => broken.reject(signal.reason as Error);
  const end = () => {
    signal.removeEventListener("abort", hear);
    deafen.delete(end);
  };
  signal.addEventListener("abort", hear);
  deafen.add(end);
  return Promise.race([answer, broken.promise]).finally(end);
}

type Request_ = {
  route: Route;
  path: string[];
  from: number;
  headers: Headers;
  body: unknown;
  /** Of an archive. */
  text: string;
};

/** An answer whose body is read without the event loop, or a seed would not fix everything. */
function said(status: number, value: unknown): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const body = (async function* () {
    yield bytes;
  })();
  return {
    status,
    ok: status >= 200 && status < 300,
    body: body as unknown,
  } as Response;
}

/** Knocks, and what follows. Refusals are as the daemon and the proxy before it make them. */
function answerOf(box: Box, request: Request_, fault: Fault): Response {
  const { headers } = request;
  if (box.state !== "started") return said(502, "nobody listens");
  box.activeAt = world.clock.now();
  const token = headers.get("x-daytona-preview-token");
  if (token !== box.previewToken || world.mood === "sign-in") {
    return said(307, "sign in");
  }
  if (world.mood === "coded-503" && !headers.get("authorization")) {
    return said(503, { code: "bad_gateway" });
  }
  if (world.mood === "unclaimed" || !box.claim) {
    return said(503, { code: "unclaimed" });
  }
  if (headers.get("authorization") !== `Bearer ${box.claim.key}`) {
    return said(401, { code: "unauthorized" });
  }
  return (
    ROUTES[request.route]?.(box, request, fault) ??
    said(404, { code: "not_found" })
  );
}

const standingOf = ({ turnId, ended, events }: Run) => ({
  turnId,
  state: ended === null ? "running" : "ended",
  next: events.length,
});

const isFull = (box: Box) => world.clock.now() < box.fullUntil;
const isHeld = (box: Box) => world.clock.now() < box.heldUntil;
const noRoom = () => said(507, { code: "disk_full" });

type Answer = (box: Box, request: Request_, fault: Fault) => Response;

const ROUTES: Partial<Record<Route, Answer>> = {
  "GET /health": (box) => {
    const skills = [...box.disk].map((row) => {
      const [key, digest] = row.split(" ");
      return { key, sha: "", digest };
    });
    return said(200, {
      ok: true,
      agent: { state: box.agent },
      skills: world.mood.startsWith("denies") ? [] : skills,
    });
  },

  "PUT /config": (box, { body }) => {
    const { writeToken, config } = body as {
      writeToken: number;
      config: { model: { apiKey: string } };
    };
    const onDisk =
      world.mood === "stale"
        ? Number.MAX_SAFE_INTEGER
        : (box.config?.writeToken ?? -1);
    if (writeToken <= onDisk) {
      return said(409, { code: "stale_write_token", onDisk });
    }
    if (isFull(box)) return noRoom();
    world.secrets.add(config.model.apiKey);
    const hash = digestOf(JSON.stringify(config));
    box.config = { writeToken, hash, gatewayToken: config.model.apiKey };
    world.onConfig(box);
    return said(200, { writeToken, hash });
  },

  "POST /skills": (box, { headers, text }, fault) => {
    const digest = digestOf(text);
    if (fault === "lie") {
      return said(200, { digest: digestOf("something else"), path: "/skills" });
    }
    if (fault === "garbled" || digest !== headers.get("x-skill-digest")) {
      return said(409, {
        code: "digest_mismatch",
        digest: digestOf("garbled"),
      });
    }
    if (isFull(box)) return noRoom();
    const key = decodeURIComponent(headers.get("x-skill-key") ?? "");
    box.disk.add(`${key} ${digest}`);
    box.installs.set(
      `${key} ${digest}`,
      headers.get("x-install-id") ?? "nobody's",
    );
    return said(200, { digest, path: `/skills/${key}` });
  },

  "DELETE /skills": (box, { headers }) => {
    const key = decodeURIComponent(headers.get("x-skill-key") ?? "");
    const digest = headers.get("x-skill-digest") ?? "";
    const row = `${key} ${digest}`;
    const mine = box.installs.get(row) === headers.get("x-install-id");
    if (box.disk.has(row) && !mine) return said(409, { code: "reinstalled" });
    if (isFull(box)) return noRoom(); // for the agent's index without it
    if (box.disk.has(row)) world.onUninstall(box, key, digest);
    box.installs.delete(row);
    return said(200, { digest, removed: box.disk.delete(row) });
  },

  "POST /turns": (box, { body }) => {
    const request = body as TurnRequest;
    const { turnId, sessionId, skill } = request;
    const before = box.turns.get(turnId);
    if (before) {
      before.redirect(request);
      return said(202, standingOf(before));
    }
    if (isHeld(box)) return said(409, { code: "busy" });
    const installed = [...box.disk].some((row) =>
      row.startsWith(`${skill.key} `),
    );
    if (!installed) return said(409, { code: "skill_not_installed" });
    if (world.mood === "denies-busily") return said(409, { code: "busy" });
    for (const run of box.turns.values()) {
      if (run.works && run.sessionId === sessionId) {
        return said(409, { code: "session_busy", turnId: run.turnId });
      }
    }
    if (isFull(box)) return noRoom();
    const run = new Run(world, box, request);
    box.turns.set(turnId, run);
    world.runs.set(turnId, [...(world.runs.get(turnId) ?? []), run]);
    world.onTurn(run);
    return said(202, standingOf(run));
  },

  "GET /turns": (box, { path, from }) => {
    const run = box.turns.get(path[1] ?? "");
    if (!run) return said(404, { code: "unknown_turn" });
    return said(200, { ...standingOf(run), events: run.events.slice(from) });
  },

  "POST /turns/stop": (box, { path }) => {
    const run = box.turns.get(path[1] ?? "");
    if (!run) return said(404, { code: "unknown_turn" });
    run.stop();
    return said(200, standingOf(run));
  },

  "POST /keep": (box) => {
    const busy = [...box.turns.values()].some((run) => run.works);
    if (busy || isHeld(box)) return said(409, { code: "busy" });
    world.onKeep(box);
    return said(200, { content: box.files });
  },

  // Measured before anything is replaced: what is refused has changed nothing.
  "POST /restore": (box, { headers, text }, fault) => {
    if (isHeld(box)) return said(409, { code: "busy" });
    const digest = digestOf(text);
    if (fault === "lie") {
      return said(200, { digest: digestOf("something else") });
    }
    if (fault === "garbled" || digest !== headers.get("x-slipway-digest")) {
      return said(409, {
        code: "digest_mismatch",
        digest: digestOf("garbled"),
      });
    }
    box.files = text;
    return said(200, { digest });
  },
};
