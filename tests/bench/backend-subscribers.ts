import type { Cleanup } from "../conformance/backend-harness";

/**
 * Many clients as cheap as they can be: sockets that speak just enough of the
 * sync protocol, so that what is measured is the server.
 */
export type Subscribers = {
  /** Every subscriber's next message after `work`, in the order they came. */
  all(work: () => Promise<unknown>): Promise<string[]>;
  /** One subscriber's next message after `work`. */
  next(index: number, work: () => Promise<unknown>): Promise<string>;
  /** How many messages have come in all. */
  heard(): number;
};

type Query = { udfPath: string; args: object[] };

/** Connects; with `query`, subscribes each to one and waits for all answers. */
export async function subscribe(
  cleanup: Cleanup,
  url: string,
  count: number,
  query?: (index: number) => Query,
): Promise<Subscribers> {
  let heard = 0;
  const waiting = new Map<number, (text: string) => void>();
  const sockets = Array.from({ length: count }, (_, index) => {
    const socket = new WebSocket(
      `${url.replace("http", "ws")}/api/1.48.0/sync`,
    );
    socket.onmessage = ({ data }) => {
      const text = String(data);
      if (text.startsWith(`{"type":"Ping"`)) return;
      heard += 1;
      waiting.get(index)?.(text);
      waiting.delete(index);
    };
    return socket;
  });
  cleanup.add(() => {
    for (const socket of sockets) socket.close();
  });
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          socket.onopen = resolve;
          socket.onerror = () => reject(new Error(`${url} refuses sockets.`));
        }),
    ),
  );
  const next = (index: number) =>
    new Promise<string>((resolve) => waiting.set(index, resolve));
  const all = async (work: () => Promise<unknown>) => {
    const answers = Promise.all(sockets.map((_, index) => next(index)));
    await work();
    return answers;
  };
  if (query !== undefined) {
    await all(async () => {
      for (const [index, socket] of sockets.entries()) {
        for (const message of hello(query(index))) {
          socket.send(JSON.stringify(message));
        }
      }
    });
  }
  return {
    all,
    heard: () => heard,
    async next(index, work) {
      const answer = next(index);
      await work();
      return answer;
    },
  };
}

function hello(query: Query): object[] {
  return [
    {
      type: "Connect",
      sessionId: crypto.randomUUID(),
      connectionCount: 0,
      lastCloseReason: null,
    },
    {
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      modifications: [{ type: "Add", queryId: 0, ...query }],
    },
  ];
}

/** Sockets and nothing behind them: sends one text to all, as one may at best. */
export function echoServer(cleanup: Cleanup): {
  url: string;
  publish(text: string): void;
} {
  const sockets = new Set<Bun.ServerWebSocket<unknown>>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) =>
      self.upgrade(request) ? undefined : new Response(null, { status: 400 }),
    websocket: {
      open: (socket) => void sockets.add(socket),
      message() {},
    },
  });
  cleanup.add(() => server.stop(true));
  return {
    url: `http://127.0.0.1:${server.port}`,
    publish(text) {
      for (const socket of sockets) socket.send(text);
    },
  };
}
