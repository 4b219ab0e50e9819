import type { Product } from "./product";
import { until } from "./until";

export type Launch = {
  launchId: string;
  sessionId: string;
  state: string;
  sandboxId: string | null;
  path: string | null;
  position: number | null;
  error?: Failure;
};
export type Failure = {
  code: string;
  message: string;
  next: string;
  retryable: boolean;
};
type Part = {
  kind: string;
  text?: string;
  name?: string;
  status?: string;
  error?: Failure;
};
export type Message = {
  messageId: string;
  role: "user" | "assistant";
  text: string;
  state: string;
  parts: Part[];
};
export type Sandbox = {
  slotId: string;
  sandboxId: string | null;
  name: string;
  generation: number;
  state: { status: string; stage?: string; error?: Failure };
  health: string;
  previous: { generation: number } | null;
  cancellable: boolean;
  agent: { state: string } | null;
  skills: { skillKey: string; name: string }[];
};

export type Answer<T> = { status: number; body: T };

const ENDED = ["ready", "failed", "cancelled"];
/** Of an answer. */
const ENDS = ["done", "failed", "stopped"];

/** The HTTP API in one person's name. */
export class Client {
  private constructor(
    private readonly product: Product,
    readonly token: string,
  ) {}

  static async of(product: Product, user: string): Promise<Client> {
    return new Client(product, await product.token(user));
  }

  async ask<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.product.baseUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** Asks for a launch; throws unless it was taken. */
  async launch(skill: string): Promise<{ launchId: string; url: string }> {
    const { status, body } = await this.ask<{ launchId: string; url: string }>(
      "POST",
      "/launches",
      { skill },
    );
    if (status !== 202) {
      throw new Error(`launch answered ${status}: ${JSON.stringify(body)}`);
    }
    return body;
  }

  /** Waits until a launch has ended, well or not. */
  async ended(launchId: string, withinMs = 60_000): Promise<Launch> {
    return await until(
      `end of launch ${launchId}`,
      async () => {
        const { status, body } = await this.ask<Launch>(
          "GET",
          `/launches/${launchId}`,
        );
        return status === 200 && ENDED.includes(body.state) && body;
      },
      { withinMs },
    );
  }

  /** A launch at each of its changes, until it has ended. */
  async *events(launchId: string): AsyncGenerator<Launch> {
    const response = await fetch(
      `${this.product.baseUrl}/api/v1/launches/${launchId}/events`,
      { headers: { authorization: `Bearer ${this.token}` } },
    );
    if (!response.body) throw new Error(`No stream of launch ${launchId}.`);
    let text = "";
    const utf8 = new TextDecoder();
    const body = response.body as unknown as AsyncIterable<Uint8Array>;
    for await (const chunk of body) {
      text += utf8.decode(chunk, { stream: true });
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      for (const message of messages) {
        const event = /^event: (.*)$/m.exec(message)?.[1];
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (event === "end") return;
        if (event === "problem") throw new Error(data);
        if (event === "launch" && data) yield JSON.parse(data) as Launch;
      }
    }
    throw new Error(`The stream of launch ${launchId} broke off.`);
  }

  /** Launches and waits; throws unless it ends ready. */
  async launchReady(skill: string): Promise<Launch> {
    const { launchId } = await this.launch(skill);
    const launch = await this.ended(launchId);
    if (launch.state !== "ready") {
      throw new Error(`${skill} ended ${JSON.stringify(launch)}`);
    }
    return launch;
  }

  async sandboxes(): Promise<Sandbox[]> {
    const { body } = await this.ask<{ sandboxes: Sandbox[] }>(
      "GET",
      "/sandboxes",
    );
    return body.sandboxes;
  }

  async messages(sessionId: string): Promise<Message[]> {
    const { body } = await this.ask<{ messages: Message[] }>(
      "GET",
      `/sessions/${sessionId}/messages`,
    );
    return body.messages;
  }

  /** Sends a message and waits for the answer to it to end. */
  async chat(sessionId: string, text: string): Promise<Message> {
    const messageId = await this.say(sessionId, text);
    return await this.answer(sessionId, messageId, ENDS);
  }

  /** Sends a message, and answers its id. */
  async say(sessionId: string, text: string): Promise<string> {
    const { status, body } = await this.ask<{ messageId: string }>(
      "POST",
      `/sessions/${sessionId}/messages`,
      { text },
    );
    if (status !== 202) throw new Error(JSON.stringify(body));
    return body.messageId;
  }

  /** Waits until the answer to a message is in one of these states. */
  async answer(
    sessionId: string,
    to: string,
    states: string[],
  ): Promise<Message> {
    return await until(
      "answer of the agent",
      async () => {
        const messages = await this.messages(sessionId);
        const at = messages.findIndex(({ messageId }) => messageId === to);
        const answer = messages[at + 1];
        return answer && states.includes(answer.state) ? answer : null;
      },
      { withinMs: 90_000 },
    );
  }
}
