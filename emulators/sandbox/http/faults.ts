import { z } from "zod";
import { badRequest } from "../errors";
import { matchPath } from "./router";

const fault = z.object({
  /** "METHOD /path" with {placeholders}, or "*". */
  route: z.string().regex(/^(\*|[A-Z*]+ \/\S*)$/, 'expected "METHOD /path"'),
  kind: z.enum(["latency", "hang", "error-before", "error-after"]),
  /** How many matching requests it befalls. */
  count: z.number().int().min(1).default(1),
  /** For latency: how long; for hang: an optional end, as a 504. */
  ms: z.number().min(0).optional(),
  /** For the errors: the status to answer with. */
  status: z.number().int().min(400).max(599).default(500),
});

export type Fault = z.infer<typeof fault>;

const DEFAULT_LATENCY_MS = 1_000;

/** Faults waiting to befall requests, in the order they were given. */
export class Faults {
  private waiting: Fault[] = [];

  set(body: unknown): void {
    const parsed = z.array(fault).safeParse(body);
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    this.waiting = parsed.data;
  }

  list(): Fault[] {
    return this.waiting;
  }

  /**
   * Serves a request through whatever fault is next for it.
   *
   * @param fail makes the wire's error answer
   */
  async around(
    request: Request,
    path: string,
    serve: () => Promise<Response>,
    fail: (status: number, message: string) => Response,
  ): Promise<Response> {
    const found = this.take(request.method, path);
    if (!found) return serve();
    const { kind, status, ms } = found;
    switch (kind) {
      case "latency":
        await pause(ms ?? DEFAULT_LATENCY_MS, request.signal);
        return serve();
      case "hang":
        await pause(ms ?? null, request.signal);
        return fail(504, "Injected fault: hang");
      case "error-before":
        return fail(status, "Injected fault: error before the effect");
      case "error-after": {
        const answer = await serve();
        await answer.body?.cancel();
        return fail(status, "Injected fault: error after the effect");
      }
    }
  }

  private take(method: string, path: string): Fault | null {
    const index = this.waiting.findIndex((f) => matches(f, method, path));
    const found = this.waiting[index];
    if (!found) return null;
    found.count -= 1;
    if (found.count === 0) this.waiting.splice(index, 1);
    return found;
  }
}

function matches({ route }: Fault, method: string, path: string): boolean {
  if (route === "*") return true;
  const [wanted = "", template = ""] = route.split(" ");
  if (wanted !== "*" && wanted !== method) return false;
  // As the SDK's routes are written, with or without the /api they live below.
  const plain = template.replace(/^\/api(?=\/)/, "").split("/");
  const actual = path.replace(/^\/api(?=\/)/, "").split("/");
  if (plain.at(-1) === "*") {
    const depth = plain.length - 1;
    return (
      actual.length > depth &&
      matchPath(plain.slice(0, depth), actual.slice(0, depth)) !== null
    );
  }
  return matchPath(plain, actual) !== null;
}

/** Waits for `ms` (null: for ever), or until the client gives up. */
function pause(ms: number | null, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = ms === null ? undefined : setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
