import { failure } from "@convex/model/errors";
import { problem } from "../problem";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
type Method = (typeof METHODS)[number];

type Handler = (
  request: Request,
  context: { params: Promise<never> },
) => Response | Promise<Response>;

type Refusal = (request: Request) => Response;

type Exports<Served> = {
  [M in Method]: M extends keyof Served ? Served[M] : Refusal;
} & { OPTIONS: () => Response };

/**
 * All a route file exports. Next answers a method that a file does not export
 * with an empty 405; so every method is exported, and those the path does not
 * have answer a problem document with `Allow`. HEAD is left to Next, which makes
 * it of GET.
 */
export function methods<Served extends Partial<Record<Method, Handler>>>(
  served: Served,
): Exports<Served> {
  const names = METHODS.filter((method) => served[method]);
  const head = served.GET ? ["HEAD"] : [];
  const allow = [...names, ...head, "OPTIONS"].join(", ");
  const refuse: Refusal = ({ method, url }) => {
    const message = `${new URL(url).pathname} has no ${method}; it has ${allow}.`;
    const answer = problem(failure("method_not_allowed", message));
    answer.headers.set("allow", allow);
    return answer;
  };
  const all = Object.fromEntries(
    METHODS.map((method) => [method, served[method] ?? refuse]),
  );
  const options = () => new Response(null, { status: 204, headers: { allow } });
  return { ...all, OPTIONS: options } as Exports<Served>;
}
