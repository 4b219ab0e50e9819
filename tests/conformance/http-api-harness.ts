import { Glob } from "bun";
import Ajv2020 from "ajv/dist/2020";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSkillHost } from "../../emulators/skillhost";
import { startChat, type Chat, type Person } from "./chat-harness";
import { commitAll } from "./repositories";

/** The HTTP API's own route files, called as Next calls them, on the embedded backend. */

const ROUTES = join(import.meta.dir, "../../src/app/api/v1");
const ORIGIN = "http://127.0.0.1:3000";
export const RELAY = "https://relay.example.net";

type Route = (
  request: Request,
  context: { params: Promise<Record<string, string>> },
) => Promise<Response>;

export type Api = {
  chat: Chat;
  person(name: string): Promise<Person>;
  /** `path` as in the document, below /api/v1; `params` fill its braces. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  close(): Promise<void>;
};

export type CallOptions = {
  token?: string;
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
};

export async function startApi(): Promise<Api> {
  const root = await mkdtemp(join(tmpdir(), "slipway-http-api-"));
  const repository = join(root, "skills/ada/tools");
  for (const name of ["one", "two"]) {
    await Bun.write(
      join(repository, `skills/${name}/SKILL.md`),
      `---\nname: ${name}\ndescription: Number ${name}\n---\nHello\n`,
    );
  }
  await commitAll(repository);
  const host = await createSkillHost({
    dataDir: join(root, "host"),
    examplesDir: join(import.meta.dir, "../../examples/skills"),
    skillsDir: join(root, "skills"),
  });
  const hosts = [{ host: "local", gitUrl: host.url, archiveUrl: host.url }];
  const chat = await startChat({
    env: {
      SLIPWAY_GIT_HOSTS: JSON.stringify(hosts),
      SLIPWAY_MAX_SANDBOXES_PER_USER: "1",
      RELAY_SECRET: "a-secret-of-the-relay-for-tests-only",
    },
  });
  process.env.SLIPWAY_MODE = "embedded";
  process.env.CONVEX_URL = chat.backend.url;
  process.env.SLIPWAY_RELAY_URL = RELAY;
  return {
    chat,
    person: (name) => chat.person(name),
    async call(method, path, options = {}) {
      const { token, params = {}, query = "", body, key, signal } = options;
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(params[name] ?? ""),
      );
      const request = new Request(`${ORIGIN}/api/v1${filled}${query}`, {
        method,
        signal,
        headers: {
          host: "127.0.0.1:3000",
          ...(token && { authorization: `Bearer ${token}` }),
          ...(key && { "idempotency-key": key }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return await answerOf(path, request, params);
    },
    async close() {
      delete process.env.SLIPWAY_MODE;
      delete process.env.CONVEX_URL;
      delete process.env.SLIPWAY_RELAY_URL;
      await chat.close();
      await host.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const fileOf = (path: string) =>
  join(ROUTES, path.replaceAll("{", "[").replaceAll("}", "]"), "route.ts");

/** What Next does: the path's file, or the one that catches the rest, and its method. */
async function answerOf(
  path: string,
  request: Request,
  params: Record<string, string>,
): Promise<Response> {
  const file = fileOf(path);
  const served = (await Bun.file(file).exists())
    ? file
    : fileOf("/../[[...rest]]");
  const module = (await import(served)) as Record<string, Route>;
  // Next makes HEAD of GET, and refuses what a file does not export with nothing said.
  const name = request.method === "HEAD" ? "GET" : request.method;
  const route = module[name];
  if (!route) return new Response(null, { status: 405 });
  return await route(request, { params: Promise.resolve(params) });
}

/** What every route file makes of every method, nobody being signed in. */
export async function answersOfAll(): Promise<
  { path: string; method: string; answer: Response }[]
> {
  const files = [...new Glob("**/route.ts").scanSync(ROUTES)].sort();
  const paths = files
    .map((file) => `/${file.replace(/\/route\.ts$/, "")}`)
    .map((path) => path.replaceAll("[", "{").replaceAll("]", "}"));
  const asked = paths.flatMap((path) =>
    METHODS.map(async (method) => {
      const request = new Request(`${ORIGIN}/api/v1${path}`, { method });
      return { path, method, answer: await answerOf(path, request, {}) };
    }),
  );
  return await Promise.all(asked);
}

type Answer = {
  content: Record<string, unknown>;
  headers?: Record<string, { required: boolean }>;
};
type Documented = { responses: Record<string, Answer> };
export type Document = {
  paths: Record<string, Record<string, Documented>>;
  components: {
    schemas: Record<string, unknown>;
    responses: Record<string, Answer>;
  };
};

/** Headers of failures that a program goes by: none may come that the document does not have. */
const TELLING = ["Retry-After", "Allow", "WWW-Authenticate"];

/**
 * Says what of an answer is not as the document has it, and by `events` what of a
 * stream's events is not; empty when all is.
 */
export function contract(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(document, "doc");
  const pointer = (...keys: string[]) =>
    keys
      .map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1"))
      .map(encodeURIComponent)
      .join("/");

  const faultsOf = (keys: string[], value: unknown): string[] => {
    const validate = ajv.getSchema(`doc#/${pointer(...keys)}`);
    if (!validate) return [`${keys.join(" ")} has no schema`];
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${instancePath} ${message}`,
    );
  };

  const ofEvents = (
    path: string,
    events: { event: string; data: unknown }[],
  ): string[] => {
    const here = ["paths", `/api/v1${path}`, "get", "responses", "200"];
    const each = [...here, "content", "text/event-stream", "x-events"];
    return events.flatMap(({ event, data }) =>
      faultsOf([...each, event], data),
    );
  };

  const ofAnswer = async (
    method: string,
    path: string,
    response: Response,
  ): Promise<string[]> => {
    const status = String(response.status);
    const here = ["paths", `/api/v1${path}`, method.toLowerCase()];
    const at =
      response.status === 405 // which no operation of the path's answers
        ? ["components", "responses", "MethodNotAllowed"]
        : [...here, "responses", status];
    const answer = at.reduce<unknown>(
      (node, key) => (node as Record<string, unknown> | undefined)?.[key],
      document,
    ) as Answer | undefined;
    if (!answer) return [`${method} ${path}: ${status} is not documented`];
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    if (!answer.content[type]) {
      return [`${method} ${path}: ${status} is no ${type}`];
    }
    for (const header of TELLING) {
      if (response.headers.has(header) !== Boolean(answer.headers?.[header])) {
        return [`${method} ${path}: ${status} and ${header}`];
      }
    }
    if (type === "text/event-stream") return [];
    const body: unknown = await response.clone().json();
    return faultsOf([...at, "content", type, "schema"], body);
  };
  return Object.assign(ofAnswer, { events: ofEvents });
}
