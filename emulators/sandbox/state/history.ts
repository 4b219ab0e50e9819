import type { SandboxRecord } from "./registry";

/** Longer than any lag a test asks for. */
const KEPT_MS = 600_000;

interface Version {
  at: number;
  record: SandboxRecord;
}

/** What was known of each sandbox at a moment, the destroyed ones included. */
export class History {
  private readonly versions = new Map<string, Version[]>();

  constructor(existing: SandboxRecord[]) {
    for (const record of existing) this.note(record, 0);
  }

  /** Called after every change, with the record as it is then. */
  note(record: SandboxRecord, at = Date.now()): void {
    const own = this.versions.get(record.id) ?? [];
    this.versions.set(record.id, [...own, { at, record }]);
    if (record.state === "destroyed") this.forget(at - KEPT_MS);
  }

  clear(): void {
    this.versions.clear();
  }

  /** The list as it was `ago` milliseconds ago. */
  list(ago: number): SandboxRecord[] {
    const then = Date.now() - ago;
    return [...this.versions.keys()].flatMap((id) => this.at(id, then) ?? []);
  }

  /** One sandbox as it was; null when it was not there. */
  find(id: string, ago: number): SandboxRecord | null {
    return this.at(id, Date.now() - ago);
  }

  private at(id: string, then: number): SandboxRecord | null {
    const found = this.versions.get(id)?.findLast(({ at }) => at <= then);
    return !found || found.record.state === "destroyed" ? null : found.record;
  }

  private forget(until: number): void {
    for (const [id, versions] of this.versions) {
      const last = versions.at(-1);
      if (!last || last.at > until) {
        const from = versions.findLastIndex(({ at }) => at <= until);
        versions.splice(0, Math.max(from, 0));
      } else if (last.record.state === "destroyed") this.versions.delete(id);
    }
  }
}
