import { ConvexHttpClient } from "convex/browser";
import type { GenericMutationCtx } from "convex/server";
import { decodeJwt } from "jose";
import { join } from "node:path";
import { api, internal } from "../../convex/_generated/api";
import type { DataModel, Doc, Id } from "../../convex/_generated/dataModel";
import { aad, parseSealKeys, seal, sha256Hex } from "../../convex/model/seal";
import { createBackend, type Backend } from "../../emulators/backend";
import { createIdentity } from "../../emulators/identity";
import { startDaemon, until, type ChatDaemon } from "./chat-daemon";

/** The conversation's functions on the embedded backend, with a sandbox played by a test. */

const SEAL_KEYS = `test:${Buffer.alloc(32, 7).toString("base64")}`;
const DAEMON_KEY = "the-daemon-key";
export const SHA = "a".repeat(40);
export const SKILL_KEY = "local/ada/tools/skills/one";
export const SKILL_PATH = "/home/daytona/.slipway/skills/one";

export type Chat = {
  backend: Backend;
  daemon: ChatDaemon;
  /** A person with a running sandbox that has the skill, and one session. */
  person(name: string): Promise<Person>;
  /** Lets the cron's work be due now: its waits are far longer than a test. */
  overdue(state: "queued" | "sending" | "running"): Promise<void>;
  tx<T>(work: (ctx: GenericMutationCtx<DataModel>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

export type Person = {
  client: ConvexHttpClient;
  token: string;
  userId: Id<"users">;
  slotId: Id<"slots">;
  sessionId: Id<"sessions">;
  gatewayToken: string;
  newSession(): Promise<Id<"sessions">>;
  send(text: string, sessionId?: Id<"sessions">): Promise<Id<"messages">>;
  /** The newest 100, oldest first. */
  messages(sessionId?: Id<"sessions">): Promise<Message[]>;
  /** The newest assistant message. */
  answer(sessionId?: Id<"sessions">): Promise<Message>;
  /** Waits until the newest assistant message is in this state. */
  answered(
    state: Message["state"],
    sessionId?: Id<"sessions">,
  ): Promise<Message>;
};

export type Message =
  (typeof api.sessions.messages)["_returnType"]["page"][number];

/** A conversation's newest 100 messages, oldest first. */
export async function messagesOf(
  client: ConvexHttpClient,
  sessionId: Id<"sessions">,
): Promise<Message[]> {
  const { page } = await client.query(api.sessions.messages, {
    sessionId,
    paginationOpts: { numItems: 100, cursor: null },
  });
  return page.reverse();
}

/** A model that is never asked: nobody listens there. */
const DEMO = {
  id: "demo",
  label: "Demo",
  baseUrl: "http://127.0.0.1:9/v1",
  keyless: true,
  defaultModel: "demo",
};

type Setting = { providers?: object[]; env?: Record<string, string> };

export async function startChat({
  providers = [DEMO],
  env = {},
}: Setting = {}): Promise<Chat> {
  const identity = await createIdentity();
  const daemon = startDaemon(DAEMON_KEY);
  const backend = await createBackend({
    functions: join(import.meta.dir, "../../convex"),
    data: ":memory:",
    env: {
      SLIPWAY_MODE: "embedded",
      AUTH_PROVIDER: JSON.stringify({
        type: "customJwt",
        issuer: identity.issuer,
        jwks: identity.jwks,
        algorithm: "ES256",
        applicationID: "slipway",
      }),
      SLIPWAY_SEAL_KEYS: SEAL_KEYS,
      SLIPWAY_MODEL_PROVIDERS: JSON.stringify(providers),
      ...env,
    },
    log: () => {},
  });
  const tx: Chat["tx"] = (work) => backend.transaction(work as never);
  return {
    backend,
    daemon,
    tx,
    person: async (name) =>
      personOf(backend, daemon, tx, await identity.token(name)),
    overdue: (state) =>
      tx(async (ctx) => {
        const turns = await ctx.db
          .query("turns")
          .withIndex("by_state_and_check_at", (q) => q.eq("state", state))
          .take(100);
        for (const { _id } of turns) await ctx.db.patch(_id, { checkAt: 0 });
      }),
    close: async () => {
      await backend.close();
      await daemon.close();
      await identity.close();
    },
  };
}

async function personOf(
  backend: Backend,
  daemon: ChatDaemon,
  tx: Chat["tx"],
  token: string,
): Promise<Person> {
  const { iss = "", sub = "" } = decodeJwt(token);
  const userId = (await backend.run(
    internal.settings.beginSaving,
    {},
    { identity: { issuer: iss, subject: sub } },
  )) as Id<"users">;
  const gatewayToken = `gateway-${crypto.randomUUID()}`;
  const slotId = await seedSandbox(tx, userId, daemon.url, gatewayToken);
  const client = new ConvexHttpClient(backend.url, { logger: false });
  client.setAuth(token);
  const newSession = () => tx((ctx) => seedSession(ctx, userId, slotId));
  const sessionId = await newSession();
  const person: Person = {
    client,
    token,
    userId,
    slotId,
    sessionId,
    gatewayToken,
    newSession,
    async send(text, where = sessionId) {
      const clientId = crypto.randomUUID();
      const args = { sessionId: where, text, clientId };
      return (await client.mutation(api.sessions.send, args)).messageId;
    },
    messages: (where = sessionId) => messagesOf(client, where),
    async answer(where = sessionId) {
      const all = await messagesOf(client, where);
      const last = all.findLast(({ role }) => role === "assistant");
      if (!last) throw new Error("There is no answer yet.");
      return last;
    },
    answered: (state, where) =>
      until(async () => {
        const answer = await person.answer(where);
        return answer.state === state ? answer : null;
      }),
  };
  return person;
}

async function seedSandbox(
  tx: Chat["tx"],
  userId: Id<"users">,
  url: string,
  gatewayToken: string,
): Promise<Id<"slots">> {
  const slotId = await tx((ctx) =>
    ctx.db.insert("slots", {
      userId,
      name: "default",
      generation: 1,
      revision: 1,
      configWrites: 1,
      strikes: 0,
      state: { status: "running", since: Date.now() },
    }),
  );
  const keys = parseSealKeys(SEAL_KEYS);
  const boot = {
    slotId,
    generation: 1,
    sandboxdKey: await seal(DAEMON_KEY, aad.sandboxd(slotId, 1), keys),
    gatewayToken: await seal(gatewayToken, aad.gateway(slotId, 1), keys),
    gatewayTokenHash: await sha256Hex(gatewayToken),
    access: { url, token: "preview" },
    config: { status: "clean" as const, writeToken: 1, hash: "h" },
  };
  await tx(async (ctx) => {
    await ctx.db.insert("boots", boot);
    await ctx.db.insert("remotes", {
      slotId,
      generation: 1,
      name: "slipway-test",
      state: "present",
      remoteId: `remote-${slotId}`,
      creates: 1,
      since: Date.now(),
      nextAt: Date.now(),
      attempts: 0,
    });
    await ctx.db.insert("installedSkills", {
      slotId,
      generation: 1,
      skillKey: SKILL_KEY,
      sha: SHA,
      name: "one",
      link: "/ada/tools/one",
      digest: "d",
      path: SKILL_PATH,
    });
  });
  return slotId;
}

function seedSession(
  ctx: GenericMutationCtx<DataModel>,
  userId: Id<"users">,
  slotId: Id<"slots">,
): Promise<Id<"sessions">> {
  return ctx.db.insert("sessions", {
    userId,
    slotId,
    skillKey: SKILL_KEY,
    sha: SHA,
    skillName: "one",
    link: "/ada/tools/one",
    title: "one",
  });
}

/** Has the skill of `SKILL_KEY` known and its archive stored, so that it can be launched. */
export async function storeSkill({ tx }: Chat): Promise<void> {
  const url = await tx((ctx) => ctx.storage.generateUploadUrl());
  const stored = await fetch(url, { method: "POST", body: "an archive" });
  const kept = (await stored.json()) as Pick<Doc<"skills">, "storageId">;
  await tx((ctx) =>
    ctx.db.insert("skills", {
      ...{ key: SKILL_KEY, host: "local", owner: "ada", repo: "tools" },
      ...{ path: "skills/one", sha: SHA, name: "one", description: "One." },
      ...{ body: "", files: [], totalBytes: 1, digest: "d", findings: [] },
      ...{ link: "/ada/tools/one", ...kept },
    }),
  );
}

export function wordsOf(message: Message): string {
  return message.parts
    .map(({ body }) => (body.kind === "text" ? body.text : ""))
    .join("");
}

export function errorsOf(message: Message): string[] {
  return message.parts.flatMap(({ body }) =>
    body.kind === "error" ? [body.error.code] : [],
  );
}

export type Turns = Doc<"turns">;
