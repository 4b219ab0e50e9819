/** A model provider a test can make answer anything. */
export type Upstream = {
  url: string;
  requests: { url: string; headers: Headers; body: unknown }[];
  answer: (request: Request) => Response | Promise<Response>;
  close(): Promise<void>;
};

export function startUpstream(): Upstream {
  const upstream: Upstream = {
    url: "",
    requests: [],
    answer: () => Response.json({ choices: [] }),
    close: async () => {
      await server.stop(true);
    },
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    fetch: async (request) => {
      const text = await request.clone().text();
      upstream.requests.push({
        url: new URL(request.url).pathname,
        headers: request.headers,
        body: text === "" ? null : (JSON.parse(text) as unknown),
      });
      return upstream.answer(request);
    },
  });
  upstream.url = `http://127.0.0.1:${server.port}/v1`;
  return upstream;
}

/** A stream of events fed by hand. */
export function handFed() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let left = false;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own;
    },
    cancel: () => {
      left = true;
    },
  });
  return {
    response: () =>
      new Response(body, { headers: { "content-type": "text/event-stream" } }),
    send: (value: object | string) =>
      controller.enqueue(
        new TextEncoder().encode(
          `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`,
        ),
      ),
    end: () => controller.close(),
    /** The connection breaks. */
    breakOff: () => controller.error(new Error("broken")),
    /** Whoever read it went away. */
    left: () => left,
  };
}
