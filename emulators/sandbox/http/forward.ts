import { messageOf } from "../errors";
import type { Cell } from "../executor/cell";

/** Headers of one hop, and those that are the server's own business. */
const DROPPED = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
];

/**
 * Passes a request into a sandbox and streams the answer out. The answer comes
 * from inside and is passed on as it is, hop headers aside.
 *
 * @param settled called once the answer has been sent or given up
 */
export async function forward(
  cell: Cell,
  path: string,
  request: Request,
  withheld: string[],
  settled: () => void,
): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of [...DROPPED, ...withheld]) headers.delete(name);
  try {
    const answer = await cell.fetch(path, {
      method: request.method,
      headers,
      body: request.body,
      signal: request.signal,
    });
    const outgoing = new Headers(answer.headers);
    for (const name of DROPPED) outgoing.delete(name);
    return new Response(observe(answer.body, settled), {
      status: answer.status,
      headers: outgoing,
    });
  } catch (error) {
    settled();
    throw error;
  }
}

function observe(
  body: ReadableStream<Uint8Array> | null,
  settled: () => void,
): ReadableStream<Uint8Array> | null {
  if (!body) {
    settled();
    return null;
  }
  const reader = body.getReader();
  let over = false;
  const finish = () => {
    if (!over) settled();
    over = true;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        finish();
        controller.close();
      } catch (error) {
        finish();
        // Breaks the client's connection: an orderly end would be a lie. Bun
        // prints it; a string comes without a stack, as this is no bug.
        controller.error(`A sandbox's answer broke off: ${messageOf(error)}`);
      }
    },
    cancel(reason) {
      finish();
      return reader.cancel(reason);
    },
  });
}
