import { SignJWT } from "jose";
import { ALGORITHM, keepKey, passingKey, type SigningKey } from "./keys";
import { normaliseName } from "./name";

/** Constant: a token names the kind of issuer, its key names the data folder. */
export const ISSUER = "https://identity.slipway.local";
export const AUDIENCE = "slipway";
const TOKEN_SECONDS = 3600;
const MAX_BODY_BYTES = 4096;

export type IdentityOptions = {
  /** 0 chooses a free one. */
  port?: number;
  /** Where the key is kept; without it the key lives as long as the server. */
  dataDir?: string;
  /** Only loopback names are accepted: who asks is believed to be who they say. */
  hostname?: string;
};

export type Identity = {
  url: string;
  issuer: string;
  /** The public keys as a `data:` address, as Convex takes them. */
  jwks: string;
  /** A token as POST /token gives it, without the round trip. */
  token(user: string): Promise<string>;
  reset(): Promise<void>;
  close(): Promise<void>;
};

/**
 * The local issuer: gives anyone on this machine a token for any name, which is
 * why it serves loopback only and answers no web page.
 *
 * @throws Error for an address beyond loopback, or a key it cannot read.
 */
export async function createIdentity(
  options: IdentityOptions = {},
): Promise<Identity> {
  const hostname = options.hostname ?? "127.0.0.1";
  if (!["127.0.0.1", "::1", "localhost"].includes(hostname)) {
    throw new Error(
      `The local issuer serves loopback only, not ${hostname}: it believes everyone. Set up Clerk to serve others.`,
    );
  }
  const key = options.dataDir
    ? await keepKey(options.dataDir)
    : await passingKey();
  const server: Bun.Server<undefined> = Bun.serve({
    hostname,
    port: options.port ?? 0,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: (request) => answer(request, key, server.port ?? 0),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    issuer: ISSUER,
    jwks: `data:application/json,${encodeURIComponent(JSON.stringify(key.jwks))}`,
    token: (user) => sign(key, user),
    reset: async () => {}, // nothing but the key is kept
    close: () => server.stop(true),
  };
}

async function answer(
  request: Request,
  key: SigningKey,
  port: number,
): Promise<Response> {
  const { headers } = request;
  const { pathname } = new URL(request.url);
  // A page of another site can point its own host name at 127.0.0.1; it cannot
  // change the Host header, nor leave Origin out of a POST.
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  if (!own.includes(headers.get("host") ?? "") || headers.has("origin")) {
    return refusal(403, "Ask from this machine, without a browser in between.");
  }
  switch (`${request.method} ${pathname}`) {
    case "GET /health":
      return Response.json({ ok: true });
    case "GET /.well-known/jwks.json":
      return Response.json(key.jwks);
    case "POST /token":
      return await giveToken(request, key);
    default:
      return refusal(404, `Cannot ${request.method} ${pathname}`);
  }
}

async function giveToken(request: Request, key: SigningKey): Promise<Response> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim();
  if (type !== "application/json") return refusal(415, "Send JSON.");
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return refusal(400, 'Send JSON like {"user":"ada"}.');
  }
  const user = (body as { user?: unknown } | null)?.user;
  if (!normaliseName(user)) {
    return refusal(400, 'Send {"user":"ada"}: a name of 1 to 64 characters.');
  }
  return Response.json({ token: await sign(key, user as string) });
}

async function sign(key: SigningKey, user: string): Promise<string> {
  const known = normaliseName(user);
  if (!known) throw new Error(`"${user}" is no name for a person.`);
  return await new SignJWT({ name: known.name })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: "JWT" })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(known.subject)
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_SECONDS} s`)
    .sign(key.privateKey);
}

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
