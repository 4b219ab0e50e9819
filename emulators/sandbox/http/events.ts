import * as payloads from "../payloads";
import type { SandboxRecord, SandboxState } from "../state/registry";

/** Where a message for one connected client goes. */
export interface EventClient {
  send(text: string): void;
}

/**
 * socket.io v4 as far as the SDK uses it: one namespace, server to client. With
 * it a state change reaches a waiting SDK at once instead of at its next poll.
 */
export class EventHub {
  private readonly clients = new Set<EventClient>();

  join(client: EventClient): void {
    this.clients.add(client);
  }

  leave(client: EventClient): void {
    this.clients.delete(client);
  }

  announce(
    record: SandboxRecord,
    oldState: SandboxState | null,
    origin: string,
  ): void {
    const sandbox = payloads.sandbox(record, origin);
    if (oldState === null) this.emit("sandbox.created", sandbox);
    else {
      const newState = record.state;
      this.emit("sandbox.state.updated", { sandbox, oldState, newState });
    }
  }

  private emit(name: string, body: unknown): void {
    // "4" is an engine.io message, "2" a socket.io event.
    const packet = `42${JSON.stringify([name, body])}`;
    for (const client of this.clients) client.send(packet);
  }
}
