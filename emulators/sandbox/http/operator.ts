import { ApiError, notFound } from "../errors";
import type { Executor } from "../executor/executor";
import { heldBy } from "../executor/limits";
import { parseBehaviour } from "../state/behaviour";
import type { Lifecycle } from "../state/lifecycle";
import type { Registry } from "../state/registry";
import type { Faults } from "./faults";
import { json, readJson } from "./router";

export interface OperatorContext {
  registry: Registry;
  lifecycle: Lifecycle;
  executor: Executor;
  faults: Faults;
}

/** GET /health: open, holds nothing secret. */
export function health({ executor }: OperatorContext): Response {
  const { isolation, limits } = executor;
  return json(
    {
      ok: isolation.ok,
      isolation,
      limits,
      heldBy: heldBy(executor.groups, executor.ownDisks),
    },
    isolation.ok ? 200 : 503,
  );
}

/**
 * /__faults, /__requests, /__behaviour and /__sandboxes: for whoever runs this server, from a terminal on
 * this machine. No key, so everything a web page or a proxy could send is turned
 * away first.
 */
export async function operator(
  context: OperatorContext,
  request: Request,
  url: URL,
  address: string | undefined,
): Promise<Response> {
  guard(request, url, address);
  const { registry, lifecycle, faults } = context;
  const [, area, id, detail] = url.pathname.split("/");
  switch (`${request.method} ${area}`) {
    case "POST __faults":
      faults.set(await readJson(request));
      return json(faults.list());
    case "DELETE __faults":
      faults.set([]);
      return json([]);
    case "GET __faults":
      return json(faults.list());
    case "GET __requests":
      return json(faults.asked());
    case "POST __behaviour":
      lifecycle.behaviour = parseBehaviour(await readJson(request));
      return json(lifecycle.behaviour);
    case "GET __behaviour":
      return json(lifecycle.behaviour);
    case "GET __sandboxes": {
      if (id !== undefined && detail === "log") {
        const record = lifecycle.require(decodeURIComponent(id));
        return new Response(lifecycle.log(record.id));
      }
      const all = registry.all().map((record) => ({
        id: record.id,
        name: record.name,
        state: record.state,
        labels: record.labels,
      }));
      return json(all);
    }
    default:
      throw notFound(`Cannot ${request.method} ${url.pathname}`);
  }
}

const FORWARDED = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host"];

function guard(request: Request, url: URL, address: string | undefined) {
  const { headers, method } = request;
  const local = address === "127.0.0.1" || address === "::1";
  const host = `127.0.0.1:${url.port}`;
  const type = headers.get("content-type")?.split(";")[0]?.trim();
  const refused =
    !local || headers.get("host") !== host
      ? `only on this machine, as ${host}`
      : FORWARDED.some((name) => headers.has(name))
        ? "not through a proxy"
        : // A preview's page would share our origin: no page at all may ask.
          headers.has("origin") || headers.has("sec-fetch-site")
          ? "not from a web page"
          : method === "POST" && type !== "application/json"
            ? "with content-type: application/json"
            : null;
  if (refused) {
    throw new ApiError(403, `${url.pathname} is served ${refused}`);
  }
}
