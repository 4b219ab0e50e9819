import { Client, type Failure, type Sandbox } from "./client";
import type { Operator } from "./operator";
import type { Product } from "./product";
import { until } from "./until";

/** The shared sandbox is called this; one of a skill's own has the skill's key. */
const SHARED = "default";
const WITHIN = 180_000;
/** Below the folder of the conversations, which a replacement brings along. */
const NOTE = "/home/daytona/sessions/kept/note.txt";

type Item = { slotId: string; state: string; error?: Failure };

/** Somebody with a sandbox, through the HTTP API; the sandbox is looked into through the provider's. */
export class Owner {
  private constructor(
    /** As they sign in. */
    readonly user: string,
    readonly client: Client,
    private readonly operator: Operator,
    /** Of the place of the sandbox. */
    private readonly name: string,
  ) {}

  static async of(
    product: Product,
    operator: Operator,
    user = `owner-${crypto.randomUUID().slice(0, 8)}`,
  ): Promise<Owner> {
    const client = await Client.of(product, user);
    return new Owner(user, client, operator, SHARED);
  }

  /** The same person, about the sandbox that a skill has for itself. */
  ofSkill(key: string): Owner {
    return new Owner(this.user, this.client, this.operator, key);
  }

  async find(): Promise<Sandbox | undefined> {
    const all = await this.client.sandboxes();
    return all.find(({ name }) => name === this.name);
  }

  async sandbox(): Promise<Sandbox> {
    const sandbox = await this.find();
    if (!sandbox) throw new Error("There is no sandbox.");
    return sandbox;
  }

  /** The provider's id of it. */
  async id(): Promise<string> {
    const { sandboxId, state } = await this.sandbox();
    if (!sandboxId) throw new Error(`It is ${state.status} and has no id.`);
    return sandboxId;
  }

  /** Asks for something to be done with it: `stop`, `start`, `replace`, ... */
  async ask(what: string): Promise<void> {
    const { slotId } = await this.sandbox();
    const method = what === "delete" ? "DELETE" : "POST";
    const path = `/sandboxes/${slotId}${what === "delete" ? "" : `/${what}`}`;
    const { status, body } = await this.client.ask(method, path);
    if (status === 202) return;
    throw new Error(`${what} was answered ${status} ${JSON.stringify(body)}`);
  }

  async stop(): Promise<void> {
    await this.ask("stop");
    await this.reaches("stopped");
  }

  async delete(): Promise<void> {
    await this.ask("delete");
    await this.reaches("empty");
  }

  /** Waits until it has that status. */
  async reaches(wanted: string, withinMs = WITHIN): Promise<Sandbox> {
    return await this.becomes(
      wanted,
      ({ state }) => state.status === wanted,
      withinMs,
    );
  }

  async becomes(
    what: string,
    is: (sandbox: Sandbox) => boolean,
    withinMs = WITHIN,
  ): Promise<Sandbox> {
    let last = "";
    return await until(
      `sandbox that is ${what}`,
      async () => {
        const sandbox = await this.sandbox();
        last = JSON.stringify(sandbox.state);
        return is(sandbox) && sandbox;
      },
      { withinMs },
    ).catch((error: Error) => {
      throw new Error(`${error.message} It is ${last}.`, { cause: error });
    });
  }

  /** What "Stop all" stopped, with what came of each. */
  async fleet(): Promise<Item[]> {
    const path = "/sandboxes/restore";
    return (await this.client.ask<{ items: Item[] }>("GET", path)).body.items;
  }

  /** Leaves a file where the agent works. */
  async write(text: string): Promise<void> {
    const sandbox = await this.inside();
    await sandbox.fs.uploadFile(Buffer.from(text), NOTE);
  }

  async read(): Promise<string> {
    const sandbox = await this.inside();
    return (await sandbox.fs.downloadFile(NOTE)).toString();
  }

  private async inside() {
    return (await this.operator.customer()).get(await this.id());
  }
}
