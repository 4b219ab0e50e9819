import type { Sandbox } from "@daytonaio/sdk";
import { randomBytes } from "node:crypto";
import { api } from "../../convex/_generated/api";
import type { Purpose } from "../../convex/model/ticket";
import type { Limits } from "../../relay/limits";
import { createRelay, type Relay } from "../../relay/server";
import { startChat, type Chat, type Person } from "./chat-harness";
import { eventually, startFixture, type Fixture } from "./sandbox-support";

/** The relay before the embedded backend and real local sandboxes. */

const APP = "http://127.0.0.1:3000";
const SECRET = "a-secret-of-the-relay-for-tests-only";

export type Ground = {
  chat: Chat;
  relay: Relay;
  fixture: Fixture;
  /** A person whose running slot is a real sandbox. */
  person(name: string): Promise<Owner>;
  /** Another relay on the same backend, with bounds of its own. */
  another(limits: Partial<Limits>): Relay;
  close(): Promise<void>;
};

export type Owner = Person & {
  sandbox: Sandbox;
  ticket(purpose: Purpose): Promise<string>;
  issue(purpose: Purpose): Promise<{ ticket: string; label: string | null }>;
};

export async function startGround(
  limits: Partial<Limits> = {},
): Promise<Ground> {
  const fixture = await startFixture();
  const chat = await startChat({
    env: {
      DAYTONA_API_URL: fixture.server.url,
      DAYTONA_API_KEY: "test-key",
      RELAY_SECRET: SECRET,
    },
  });
  const relays: Relay[] = [];
  const another = (bounds: Partial<Limits>) => {
    const relay = createRelay(
      {
        hostname: "127.0.0.1",
        port: 0,
        publicUrl: null,
        appOrigins: [APP],
        siteUrl: chat.backend.siteUrl,
        secret: SECRET,
      },
      bounds,
    );
    relays.push(relay);
    return relay;
  };
  return {
    chat,
    fixture,
    relay: another(limits),
    another,
    person: (name) => ownerOf(chat, fixture, name),
    async close() {
      for (const relay of relays) await relay.close();
      await chat.close();
      await fixture.close();
    },
  };
}

async function ownerOf(
  chat: Chat,
  fixture: Fixture,
  name: string,
): Promise<Owner> {
  const person = await chat.person(name);
  const sandbox = await fixture.daytona.create({ name: `of-${name}` });
  await chat.tx(async (ctx) => {
    const remote = await ctx.db
      .query("remotes")
      .withIndex("by_slot_and_generation", (q) => q.eq("slotId", person.slotId))
      .unique();
    if (!remote) throw new Error("The harness seeds a remote.");
    await ctx.db.patch(remote._id, { remoteId: sandbox.id });
  });
  const issue = (purpose: Purpose) =>
    person.client.action(api.tickets.issue, { slotId: person.slotId, purpose });
  return {
    ...person,
    sandbox,
    issue,
    ticket: async (purpose) => (await issue(purpose)).ticket,
  };
}

/** A page's terminal: what is on its screen, and how it ended. */
export type Screen = {
  socket: WebSocket;
  words: Record<string, unknown>[];
  text(): string;
  type(text: string): void;
  shows(text: string): Promise<unknown>;
  /** As "4409 sandbox_changed". */
  ended: Promise<string>;
};

export function connect(relay: Relay, origin = APP): WebSocket {
  const { port } = new URL(relay.url);
  // Bun's client takes headers, which the DOM's types do not know.
  return new WebSocket(`ws://127.0.0.1:${port}/terminal`, {
    headers: { origin, host: `localhost:${port}` },
  } as never);
}

export async function openTerminal(
  relay: Relay,
  hello: object,
  options: { blind?: boolean } = {},
): Promise<Screen> {
  const socket = connect(relay);
  socket.binaryType = "arraybuffer";
  const decoder = new TextDecoder();
  let text = "";
  const words: Record<string, unknown>[] = [];
  const ended = Promise.withResolvers<string>();
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      words.push(JSON.parse(data) as Record<string, unknown>);
      return;
    }
    const bytes = data as ArrayBuffer;
    text += decoder.decode(bytes, { stream: true });
    if (options.blind) return;
    const seen = { type: "seen", bytes: bytes.byteLength };
    socket.send(JSON.stringify(seen));
  };
  socket.onclose = ({ code, reason }) => ended.resolve(`${code} ${reason}`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("The relay refused."));
  });
  socket.send(
    JSON.stringify({
      ...{ terminal: randomBytes(16).toString("hex"), cols: 90, rows: 30 },
      ...hello,
    }),
  );
  return {
    socket,
    words,
    ended: ended.promise,
    text: () => text,
    type: (typed) => socket.send(new TextEncoder().encode(typed)),
    shows: (wanted) =>
      eventually(() => text.includes(wanted), `the screen shows ${wanted}`),
  };
}
