import type { z } from "zod";
import {
  backendAs,
  credentialOf,
  type Backend,
  type Credential,
} from "../backend";
import { faultsOf, readBody } from "../body";
import { throughDoor } from "../door";
import { onceOf, type Once } from "../idempotency";
import { ApiError } from "../problem";
import { toProblem } from "../route";
import { noteUse } from "../touch";
import { isKeyed, type Operation } from "./operation";

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type BodyOf<O extends Operation> = O["body"] extends { schema: infer Schema }
  ? Output<Schema>
  : undefined;

/** The parameters a path names: "/a/{id}" has `{id: string}`. */
export type ParamsOf<Path> =
  Path extends `${string}{${infer Name}}${infer Rest}`
    ? { [Key in Name]: string } & ParamsOf<Rest>
    : unknown;

export type Call<O extends Operation> = {
  request: Request;
  params: ParamsOf<O["path"]>;
  query: Output<O["query"]>;
  body: BodyOf<O>;
  /** Of a request with an Idempotency-Key: for the one mutation it stands for. */
  once: Once | undefined;
  credential: Credential;
  /** In the name of the caller. */
  backend: Backend;
};

type Handler<O extends Operation> = (
  call: Call<O>,
) => Promise<z.input<O["answer"]["schema"]>>;

export type Context<O extends Operation> = {
  params: Promise<ParamsOf<O["path"]>>;
};

/**
 * A route of the HTTP API: parses what comes by the operation's schemas, shapes
 * what goes by them, and turns every failure into a problem document. What is
 * not a coded failure is logged and told to the caller only as `internal`.
 */
export function serve<O extends Operation>(operation: O, handler: Handler<O>) {
  return async (request: Request, context: Context<O>): Promise<Response> => {
    try {
      const { call, answer } = await throughDoor(request, async () => {
        const call = await receive(operation, request, context);
        return { call, answer: await handler(call) };
      });
      void noteUse(call.credential); // behind the answer; fails by itself
      const { status, schema } = operation.answer;
      return Response.json(schema.parse(answer), {
        status,
        headers: { "cache-control": "no-store" },
      });
    } catch (error) {
      return toProblem(error, request);
    }
  };
}

/** @throws ApiError `not_signed_in`, `bad_request`, `message_too_long`. */
export async function receive<O extends Operation>(
  operation: O,
  request: Request,
  context: Context<O>,
): Promise<Call<O>> {
  const credential = credentialOf(request);
  const params = await context.params;
  const query = readQuery(operation, request);
  const body =
    operation.body &&
    (await readBody(request, operation.body.schema, operation.body.maxBytes));
  const route = `${operation.method} /api/v1${operation.path}`;
  if (operation.secret && request.headers.has("idempotency-key")) {
    throw new ApiError(
      "bad_request",
      "This answers something new each time, so it takes no Idempotency-Key.",
    );
  }
  const once = isKeyed(operation)
    ? onceOf(request, route, { params, body })
    : undefined;
  return {
    request,
    params,
    query: query as Output<O["query"]>,
    body: body as BodyOf<O>,
    once,
    credential,
    backend: backendAs(credential),
  };
}

function readQuery({ query }: Operation, request: Request): unknown {
  if (!query) return undefined;
  const given = Object.fromEntries(new URL(request.url).searchParams);
  const parsed = query.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ApiError("bad_request", faultsOf(parsed.error, "query"));
}
