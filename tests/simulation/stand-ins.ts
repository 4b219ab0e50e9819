import { mock } from "bun:test";
import * as load from "../../emulators/backend/functions/load";
import * as clock from "../../emulators/backend/clock";
import { BytesInMemory } from "../../emulators/backend/files/bytes";
import { soon } from "./clock";
import { daemonFetch, enterDaemons } from "./daemon";
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

/** Call once, before the functions are loaded. */
export function installWorld(): void {
  const stand = (module: string, exports: Record<string, unknown>) =>
    void mock.module(module, () => exports);
  stand("@daytonaio/sdk", providerModule);
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
}
