import { z } from "zod";
import { badRequest } from "../errors";
import { matchPath } from "./router";

/** What befalls the way of a request and of its answer. */
const AROUND = [
  ...(["latency", "hang", "error-before", "error-after"] as const),
  ...(["reset-before", "reset-after", "late-answer", "late-effect"] as const),
  "disk-full",
] as const;
/** What befalls that which the request does. */
const INSIDE = [
  ...(["no-effect", "stale", "entrypoint-hangs", "entrypoint-dies"] as const),
  ...(["build-fails", "start-fails"] as const),
] as const;

const fault = z.object({
  /** "METHOD /path" with {placeholders}, or "*". */
  route: z.string().regex(/^(\*|[A-Z*]+ \/\S*)$/, 'expected "METHOD /path"'),
  kind: z.enum([...AROUND, ...INSIDE]),
  /** How many matching requests it befalls: 1; with a probability, no end. */
  count: z.number().int().min(1).optional(),
  /** How likely it befalls a matching request. */
  probability: z.number().min(0).max(1).optional(),
  /** How long it takes, or how old what is shown is. */
  ms: z.number().min(0).optional(),
  /** For the errors: the status to answer with. */
  status: z.number().int().min(400).max(599).default(500),
});

const body = z.union([
  z.array(fault),
  /** The same seed and the same requests in the same order: the same faults. */
  z.object({ seed: z.number().int(), faults: z.array(fault) }),
]);

export type Fault = z.infer<typeof fault>;

/** Requests that are remembered, faulty or not. */
const REMEMBERED = 5_000;

/** Faults waiting to befall requests, in the order they were given. */
export class Faults {
  private waiting: Fault[] = [];
  private random = seeded(1);
  private readonly latest: string[] = [];

  /** The latest requests that a fault could have befallen, as "METHOD /path", oldest first. */
  asked(): readonly string[] {
    return this.latest;
  }

  /** @throws ApiError 400 naming what is wrong. */
  set(given: unknown): void {
    const parsed = body.safeParse(given);
    if (!parsed.success) throw badRequest(reasons(given, parsed.error));
    const { data } = parsed;
    this.waiting = Array.isArray(data) ? data : data.faults;
    this.random = seeded(Array.isArray(data) ? 1 : data.seed);
  }

  list(): Fault[] {
    return this.waiting;
  }

  /** The first that matches and, by its probability, happens. */
  take(method: string, path: string): Fault | null {
    this.latest.push(`${method} ${path}`);
    if (this.latest.length > REMEMBERED) this.latest.shift();
    for (const [index, found] of this.waiting.entries()) {
      if (!matches(found, method, path)) continue;
      const { probability, count } = found;
      if (probability !== undefined && this.random() >= probability) continue;
      if (probability === undefined || count !== undefined) {
        found.count = (count ?? 1) - 1;
        if (found.count === 0) this.waiting.splice(index, 1);
      }
      return found;
    }
    return null;
  }
}

/** A union's own message says only that no branch fits. */
function reasons(given: unknown, error: z.ZodError): string {
  const list = Array.isArray(given)
    ? given
    : (given as { faults?: unknown } | null)?.faults;
  const inner = z.array(fault).safeParse(list);
  return z.prettifyError(inner.success ? error : inner.error);
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

/** mulberry32: small, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
