import type { Engine, RequestKey } from "../engine";

type Done = { json: string; ts: number };

/**
 * Mutations that a client sends again after a reconnect are applied once: one
 * that is still running is joined, one that has committed is answered from
 * the record that was committed with it. (A failed one changed nothing, and
 * runs again.)
 */
export class OncePerRequest {
  private readonly running = new Map<string, Promise<Done>>();

  constructor(private readonly engine: Engine) {}

  async run(
    key: RequestKey | undefined,
    work: () => Promise<Done>,
  ): Promise<Done> {
    if (key === undefined) return work();
    const name = `${key.session} ${key.request}`;
    const joined = this.running.get(name);
    if (joined !== undefined) return joined;
    const before = this.engine.findRequest(key);
    if (before !== null) return { json: before.result, ts: before.ts };
    const running = work();
    this.running.set(name, running);
    try {
      return await running;
    } finally {
      this.running.delete(name);
    }
  }
}
