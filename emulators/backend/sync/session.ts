import { AuthError, type Authenticator } from "../auth/verify";
import { identityFromAttributes, type Identity } from "../auth/identity";
import { messageOf } from "../errors";
import type { Runtime } from "../functions/runtime";
import { callOf, toFailure, type Caller } from "./calls";
import type { OncePerRequest } from "./once";
import {
  clientMessage,
  encodeTs,
  type CallMessage,
  type ClientMessage,
} from "./protocol";
import type { QueryCache } from "./query-cache";
import { QuerySet } from "./query-set";
import { Turns } from "../functions/turns";

/** What a session needs of the rest. */
export type SyncServices = {
  runtime: Runtime;
  cache: QueryCache;
  once: OncePerRequest;
  authenticator: Authenticator;
  /** Whether a key is the deployment's admin key. */
  isAdminKey: (key: string) => boolean;
  log: (line: string) => void;
};

/** The other end of a session. */
export type Connection = {
  send(text: string): void;
  close(code: number, reason: string): void;
  ip: string | null;
  userAgent: string | null;
};

/** The session can do nothing more: the client is told and the socket closed. */
class FatalError extends Error {}

const CLOSE_INTERNAL = 1011;
const CLOSE_NORMAL = 1000;

/**
 * One client's connection: takes its messages in order, runs its mutations one
 * after the other, and keeps its queries up to date (see query-set.ts).
 */
export class Session {
  private readonly inbox = new Turns();
  private readonly mutations = new Turns();
  private readonly queries: QuerySet;
  private sessionId: string | null = null;
  private identity: Identity | null = null;
  private token: string | null = null;
  private closed = false;

  constructor(
    private readonly services: SyncServices,
    private readonly connection: Connection,
  ) {
    this.queries = new QuerySet(services, {
      send: (text) => this.send(text),
      identity: () => this.identity,
      expired: (identity) => this.expired(identity),
      failed: (error) => this.fail(error),
    });
  }

  /** Takes a message; resolves when it has been taken in, not when it is done. */
  receive(text: string): Promise<void> {
    return this.inbox.run(async () => {
      if (this.closed) return;
      try {
        await this.handle(parse(text));
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /** The connection is gone. What its mutations do is done nonetheless. */
  close(): void {
    this.closed = true;
    this.queries.close();
  }

  ping(): void {
    this.send(`{"type":"Ping"}`);
  }

  private async handle(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case "Connect":
        this.sessionId = message.sessionId;
        this.queries.clientClock(message.clientTs ?? null);
        return;
      case "ModifyQuerySet":
        if (message.baseVersion !== this.queries.querySetVersion) {
          throw new FatalError(
            `ModifyQuerySet from version ${message.baseVersion}, but the query ` +
              `set is at version ${this.queries.querySetVersion}.`,
          );
        }
        this.queries.modify(message.newVersion, message.modifications);
        return;
      case "Authenticate":
        await this.authenticate(message);
        return;
      case "Mutation": {
        const caller = this.caller();
        void this.mutations.run(() => this.mutation(message, caller));
        return;
      }
      case "Action":
        void this.action(message, this.caller());
        return;
      case "Event":
        return;
    }
  }

  private async authenticate(
    message: Extract<ClientMessage, { type: "Authenticate" }>,
  ): Promise<void> {
    const { baseVersion } = message;
    if (baseVersion !== this.queries.identityVersion) {
      throw new FatalError(
        `Authenticate from version ${baseVersion}, but the identity is at ` +
          `version ${this.queries.identityVersion}.`,
      );
    }
    const before = this.identity;
    try {
      this.identity = await this.identify(message);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      this.refuse(error.message, baseVersion, true);
      return;
    }
    this.token = message.tokenType === "User" ? (message.value ?? null) : null;
    // A token that was only refreshed changes no answer.
    const same = sameUser(before, this.identity);
    this.queries.identityChanged(baseVersion + 1, same);
  }

  private async identify(
    message: Extract<ClientMessage, { type: "Authenticate" }>,
  ): Promise<Identity | null> {
    if (message.tokenType === "None") return null;
    const value = message.value ?? "";
    if (message.tokenType === "User") {
      return this.services.authenticator.verify(value);
    }
    if (!this.services.isAdminKey(value)) {
      throw new AuthError("The admin key is not this deployment's.");
    }
    return identityFromAttributes(message.impersonating ?? {}, true);
  }

  private async mutation(message: CallMessage, caller: Caller): Promise<void> {
    const { requestId } = message;
    if (this.expired(caller.identity)) return;
    const { once } = this.services;
    const session = this.sessionId;
    const key = session === null ? undefined : { session, request: requestId };
    try {
      const { json, ts } = await once.run(key, () =>
        this.services.runtime.mutation(
          callOf(this.services, message, "mutation", caller),
          key,
        ),
      );
      this.send(
        `{"type":"MutationResponse","requestId":${requestId},"success":true,` +
          `"result":${json},"ts":"${encodeTs(ts)}","logLines":[]}`,
      );
      // The client settles the promise when its queries have come this far.
      this.queries.reach(ts);
    } catch (thrown) {
      this.respondFailure("MutationResponse", requestId, thrown);
    }
  }

  private async action(message: CallMessage, caller: Caller): Promise<void> {
    const { requestId } = message;
    if (this.expired(caller.identity)) return;
    try {
      const json = await this.services.runtime.action(
        callOf(this.services, message, "action", caller),
      );
      this.send(
        `{"type":"ActionResponse","requestId":${requestId},"success":true,` +
          `"result":${json},"logLines":[]}`,
      );
    } catch (thrown) {
      this.respondFailure("ActionResponse", requestId, thrown);
    }
  }

  private respondFailure(
    type: "MutationResponse" | "ActionResponse",
    requestId: number,
    thrown: unknown,
  ): void {
    const failure = toFailure(thrown, this.services.log);
    const errorData = failure.data;
    this.send(
      JSON.stringify({
        type,
        requestId,
        success: false,
        result: failure.message,
        logLines: [],
        ...(errorData === undefined ? {} : { errorData }),
      }),
    );
  }

  /** Whoever the session is at this moment. */
  private caller(): Caller {
    const { ip, userAgent } = this.connection;
    const { identity, token } = this;
    return { identity, token, ip, userAgent };
  }

  /** Whether the session's token has run out; then the client is told. */
  private expired(identity: Identity | null): boolean {
    if (this.closed) return true;
    const { clock } = this.services.runtime;
    if (identity?.expires == null || identity.expires > clock.now())
      return false;
    this.refuse(
      "Token expired: fetch a new one.",
      this.queries.identityVersion,
      false,
    );
    return true;
  }

  /** A client whose token is no good reconnects with another one, or with none. */
  private refuse(
    error: string,
    baseVersion: number,
    authUpdateAttempted: boolean,
  ): void {
    this.send(
      JSON.stringify({
        type: "AuthError",
        error,
        baseVersion,
        authUpdateAttempted,
      }),
    );
    this.close();
    this.connection.close(CLOSE_NORMAL, "AuthError");
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    this.services.log(`sync session ended: ${messageOf(error)}`);
    if (error instanceof FatalError) {
      this.send(JSON.stringify({ type: "FatalError", error: error.message }));
    }
    this.close();
    this.connection.close(CLOSE_INTERNAL, "InternalServerError");
  }

  private send(text: string): void {
    if (!this.closed) this.connection.send(text);
  }
}

function sameUser(one: Identity | null, other: Identity | null): boolean {
  const of = (identity: Identity | null) =>
    JSON.stringify([identity?.attributes ?? null, identity?.admin ?? false]);
  return of(one) === of(other);
}

function parse(text: string): ClientMessage {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new FatalError(
      `Received a message that is not JSON: ${messageOf(error)}`,
    );
  }
  const read = clientMessage.safeParse(raw);
  if (read.success) return read.data;
  throw new FatalError(
    `Received a message this server does not know: ${read.error.message}`,
  );
}
