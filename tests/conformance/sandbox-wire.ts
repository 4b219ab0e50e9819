import { Daytona, DaytonaNotFoundError } from "@daytonaio/sdk";
import type { Sandbox } from "@daytonaio/sdk";
import { API_KEY, eventually, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";
import { TARGET } from "./sandbox-target";

/** What a suite about the wire may use: nothing that only an emulator has. */
export interface Wire {
  daytona: Daytona;
  apiUrl: string;
  apiKey: string;
  /** Of this run; in every name that it gives. */
  run: string;
  /** A name nobody else in the account has. */
  name(word: string): string;
  /** Where the toolbox of a sandbox is served. */
  toolbox(sandbox: Sandbox): string;
  /** For tests made with emulated(). @throws where there is none */
  emulator(): Fixture;
  /** Deletes all that was made. */
  close(): Promise<void>;
}

export async function startWire(): Promise<Wire> {
  const fixture = TARGET ? null : await startFixture();
  const { apiUrl, apiKey, region } = TARGET ?? {
    apiUrl: fixture?.server.url ?? "",
    apiKey: API_KEY,
    region: "local",
  };
  const run = `conformance-${crypto.randomUUID().slice(0, 8)}`;
  const name = (word: string) => `${run}-${word}`;
  const daytona = new Daytona({
    ...{ apiUrl, apiKey },
    ...(region && { target: region }),
  });
  // Every sandbox has a name of the run, or nobody would find what it left.
  const create = daytona.create.bind(daytona) as (
    params: object,
    options?: object,
  ) => Promise<Sandbox>;
  daytona.create = ((params: object = {}, options?: object) =>
    create(
      { name: name(crypto.randomUUID().slice(0, 8)), ...params },
      options,
    )) as Daytona["create"];
  return {
    ...{ daytona, apiUrl, apiKey, run, name },
    toolbox: ({ toolboxProxyUrl, id }) => `${toolboxProxyUrl}/${id}`,
    emulator() {
      if (!fixture)
        throw new Error("a test that needs the emulator ran without");
      return fixture;
    },
    async close() {
      if (fixture) await fixture.close();
      else await sweep(daytona, run);
    },
  };
}

/** Deletes what the run left, and says what could not be. */
async function sweep(daytona: Daytona, run: string): Promise<void> {
  const left: string[] = [];
  // A list may lag: one that is gone already is fine.
  for await (const { id, name } of daytona.list()) {
    if (name.startsWith(`${run}-`)) left.push(id);
  }
  for (const id of left) {
    await eventually(() => remove(daytona, id), `sandbox ${id} is deleted`);
  }
}

async function remove(daytona: Daytona, id: string): Promise<boolean> {
  try {
    await (await daytona.get(id)).delete();
    return true;
  } catch (error) {
    if (error instanceof DaytonaNotFoundError) return true;
    // Between two states it may not be deleted: again, a little later.
    if ((error as { statusCode?: number }).statusCode === 409) return false;
    throw error;
  }
}
