import type { Registry } from "./registry";

/**
 * Who is in use. A request counts from its beginning to the end of its answer:
 * an hour's stream is an hour's activity, though it is one call.
 */
export class Activity {
  private readonly busy = new Map<string, number>();

  constructor(private readonly registry: Registry) {}

  begin(id: string): void {
    this.registry.touch(id);
    this.busy.set(id, (this.busy.get(id) ?? 0) + 1);
  }

  end(id: string): void {
    this.registry.touch(id);
    const left = (this.busy.get(id) ?? 1) - 1;
    if (left > 0) this.busy.set(id, left);
    else this.busy.delete(id);
  }

  isBusy(id: string): boolean {
    return this.busy.has(id);
  }
}
