/** A daemon a test can make say anything: what convex/ must not trust. */

export type TurnRequest = {
  turnId: string;
  sessionId: string;
  text: string;
  skill: { name: string; path: string; key: string };
  push: { url: string; token: string };
};

type Event = { n: number; at: number } & Record<string, unknown>;

/** What POST /turns does next; afterwards it accepts again. */
export type Answer =
  | "accept"
  | "lose-answer" // takes the turn, and the answer is lost
  | "unreachable"
  | { status: number; body: unknown };

export type ChatDaemon = {
  url: string;
  /** Turns in the order they came; one that is sent again is listed again. */
  taken: TurnRequest[];
  stops: string[];
  /** How the next POSTs of /turns are answered. */
  answers: Answer[];
  /** Waits for a turn with this text. */
  turn(text: string): Promise<Turn>;
  /** Forgets every turn, as a restart does. */
  restart(): void;
  close(): Promise<void>;
};

export type Turn = {
  request: TurnRequest;
  /** Appends events to what a pull finds. */
  say(...bodies: Record<string, unknown>[]): Event[];
  /** Pushes raw events as the sandbox does. */
  push(
    from: number,
    events: unknown,
    token?: string,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Appends and pushes. */
  tell(...bodies: Record<string, unknown>[]): Promise<number>;
};

const KEY = "the-daemon-key";

export function startDaemon(key = KEY): ChatDaemon {
  const events = new Map<string, Event[]>();
  const daemon: ChatDaemon = {
    url: "",
    taken: [],
    stops: [],
    answers: [],
    async turn(text) {
      const request = await until(() =>
        daemon.taken.findLast((taken) => taken.text === text),
      );
      return turnOf(request, events);
    },
    restart: () => events.clear(),
    close: async () => {
      await server.stop(true);
    },
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      if (request.headers.get("authorization") !== `Bearer ${key}`) {
        return Response.json({ code: "unauthorized" }, { status: 401 });
      }
      const { pathname, searchParams } = new URL(request.url);
      if (request.method === "POST" && pathname === "/turns") {
        return take(daemon, events, (await request.json()) as TurnRequest);
      }
      const [, turnId = "", stop] =
        /^\/turns\/([\w-]+)(\/stop)?$/.exec(pathname) ?? [];
      const log = events.get(turnId);
      if (stop) daemon.stops.push(turnId);
      if (!log) return Response.json({ code: "unknown_turn" }, { status: 404 });
      const ended = log.at(-1)?.kind === "end";
      const from = Number(searchParams.get("from") ?? 0);
      return Response.json({
        turnId,
        state: ended ? "ended" : "running",
        next: log.length,
        ...(!stop && { events: log.slice(from) }),
      });
    },
  });
  daemon.url = `http://127.0.0.1:${server.port}`;
  return daemon;
}

function take(
  daemon: ChatDaemon,
  events: Map<string, Event[]>,
  request: TurnRequest,
): Response {
  const answer = daemon.answers.shift() ?? "accept";
  daemon.taken.push(request);
  if (typeof answer === "object") {
    return Response.json(answer.body, { status: answer.status });
  }
  // What a proxy says when nobody listens behind it.
  const nobody = new Response("bad gateway", { status: 502 });
  if (answer === "unreachable") return nobody;
  if (!events.has(request.turnId)) events.set(request.turnId, []);
  if (answer === "lose-answer") return nobody;
  return Response.json(
    { turnId: request.turnId, state: "running", next: 0 },
    { status: 202 },
  );
}

function turnOf(request: TurnRequest, all: Map<string, Event[]>): Turn {
  const { turnId, push } = request;
  const turn: Turn = {
    request,
    say(...bodies) {
      const log = all.get(turnId) ?? [];
      all.set(turnId, log);
      const added = bodies.map((body, index) => ({
        n: log.length + index,
        at: Date.now(),
        ...body,
      }));
      log.push(...added);
      return added;
    },
    async push(from, events, token = push.token) {
      const response = await fetch(push.url, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ turnId, from, events }),
      });
      return {
        status: response.status,
        body: (await response.json()) as Record<string, unknown>,
      };
    },
    async tell(...bodies) {
      const added = turn.say(...bodies);
      return (await turn.push(added[0]?.n ?? 0, added)).status;
    },
  };
  return turn;
}

/** Polls for a condition; fails loudly after `ms`. */
export async function until<T>(
  look: () =>
    T | null | undefined | false | Promise<T | null | undefined | false>,
  ms = 5_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Not so within ${ms} ms: ${look}`);
    await Bun.sleep(20);
  }
}
