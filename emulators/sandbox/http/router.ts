import { badRequest } from "../errors";
import type { Twist } from "./befall";

export interface Call {
  request: Request;
  url: URL;
  /** Values of the template's {names}; a missing one cannot happen. */
  params: Record<string, string> & {
    id: string;
    port: string;
    n: string;
    token: string;
  };
  twist: Twist;
}

type Handler = (call: Call) => Response | Promise<Response>;

/** Routes by method and template, e.g. "/sandbox/{id}/start". */
export class Router {
  private readonly routes: {
    method: string;
    template: string[];
    handler: Handler;
  }[] = [];

  on(method: string, template: string, handler: Handler): void {
    this.routes.push({ method, template: template.split("/"), handler });
  }

  match(
    method: string,
    path: string,
  ): { handler: Handler; params: Call["params"] } | null {
    for (const route of this.routes) {
      if (route.method !== method) continue;
      const params = matchPath(route.template, path.split("/"));
      if (params) return { handler: route.handler, params: params as never };
    }
    return null;
  }
}

/** A {segment} matches any one segment, and its value is kept by its name. */
export function matchPath(
  template: string[],
  path: string[],
): Record<string, string> | null {
  if (template.length !== path.length) return null;
  const params: Record<string, string> = {};
  for (const [index, expected] of template.entries()) {
    const actual = path[index] ?? "";
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    if (name === undefined) {
      if (expected !== actual) return null;
    } else if (actual === "") return null;
    else params[name] = decode(actual);
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`malformed path segment ${segment}`);
  }
}

export function json(body: unknown, status = 200): Response {
  return Response.json(body, { status });
}

export async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("the request body is not JSON");
  }
}
