import { mock } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import * as fs from "node:fs";
import * as load from "../../emulators/backend/functions/load";
import * as clock from "../../emulators/backend/clock";
import { BytesInMemory } from "../../emulators/backend/files/bytes";
import { currentContext } from "../../emulators/backend/functions/context";
import { soon } from "./clock";
import { daemonFetch, enterDaemons } from "./daemon";
import { DATABASE_MODULE, directDatabase, libraryDatabase } from "./direct";
import { openKept, receiveKept } from "./keeping";
import { Disk } from "./disk";
import { enterProvider, providerModule } from "./provider";
import { digestOf, type World } from "./world";

/**
 * Puts the modelled world where the functions look for the real one: behind
 * the official client's classes and behind fetch. The adapters are the real ones.
 * Of the backend, its file is in memory and its modules are loaded once.
 */

/** The one file of this process; each run empties it. */
export const disk = new Disk();
export const files = new BytesInMemory();

/** The world that calls reach from here on. */
export function enter(next: World): void {
  enterProvider(next);
  enterDaemons(next);
}

/**
 * Call once, before the functions are loaded.
 *
 * @param direct see direct.ts: faster, and not the client library's way
 */
export function installWorld({ direct = false } = {}): void {
  const stand = (module: string, exports: Record<string, unknown>) =>
    void mock.module(module, () => exports);
  stand("@daytonaio/sdk", providerModule);
  if (direct) stand(DATABASE_MODULE, directDatabase(libraryDatabase()));
  // Sealing has tests of its own; its thread pool knows no virtual clock.
  stand("../../convex/model/seal", {
    aad: {
      sandboxd: (slot: string, generation: number) => `${slot}:${generation}:s`,
      gateway: (slot: string, generation: number) => `${slot}:${generation}:g`,
      provider: (user: string, provider: string) => `${user}:${provider}`,
    },
    parseSealKeys: () => [],
    seal: async (text: string, aad: string) => `${aad}|${text}`,
    open: async (sealed: string, aad: string) => {
      if (!sealed.startsWith(`${aad}|`))
        throw new Error("Not sealed for this.");
      return sealed.slice(aad.length + 1);
    },
    sha256Hex: async (text: string) => digestOf(text),
    randomToken: () => crypto.randomUUID(),
  });
  stand("../../emulators/backend/clock", { ...clock, soon });
  stand("../../convex/node/kept", { receiveKept });
  stand("node:fs", { ...fs, openAsBlob: openKept });
  // `new` answers the one file: what a crashed backend wrote is still there.
  stand("../../emulators/backend/store/database", {
    Store: function Store() {
      return disk;
    },
  });
  stand("../../emulators/backend/files/bytes", {
    BytesInMemory: function BytesInMemory() {
      return files;
    },
  });
  let app: ReturnType<typeof load.loadApp> | undefined;
  const { loadApp } = load;
  stand("../../emulators/backend/functions/load", {
    ...load,
    loadApp: (...args: Parameters<typeof loadApp>) =>
      (app ??= loadApp(...args)),
  });
  globalThis.fetch = daemonFetch;
  // Nobody waits on the process's own clock.
  AbortSignal.timeout = () => new AbortController().signal;
  installIntervals();
}

/** An action's intervals beat on the virtual clock, which setTimeout follows already. */
function installIntervals(): void {
  const { setInterval, clearInterval } = globalThis;
  class Beat {
    over = false;
    constructor(
      private readonly work: () => void,
      private readonly ms: number,
    ) {
      this.next();
    }
    private next(): void {
      // Each beat is the action's own, as it would be on a real clock.
      const beat = AsyncLocalStorage.bind(() => {
        if (this.over) return;
        this.work();
        this.next();
      });
      setTimeout(beat, this.ms);
    }
  }
  const virtual = (work: () => void, ms: number) =>
    currentContext() ? new Beat(work, ms) : setInterval(work, ms);
  globalThis.setInterval = virtual as unknown as typeof setInterval;
  globalThis.clearInterval = ((timer: unknown) => {
    if (timer instanceof Beat) timer.over = true;
    else clearInterval(timer as Parameters<typeof clearInterval>[0]);
  }) as typeof clearInterval;
}
