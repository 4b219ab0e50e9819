import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { badRequest, messageOf } from "./errors";

const snapshotFile = z.object({
  version: z.literal(1),
  entrypoint: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  root: z.string().optional(),
  binds: z
    .array(z.string().refine(isAbsolute, "a bind must be an absolute path"))
    .default([]),
  description: z.string().default(""),
});

export interface Snapshot {
  name: string;
  entrypoint: string[];
  env: Record<string, string>;
  /** Host folder seen read-only at /opt/slipway inside; null for none. */
  root: string | null;
  /** Host folders seen read-only at the same path inside. */
  binds: string[];
  description: string;
  createdAt: number;
}

/** A system with nothing started in it, for tests and for looking around. */
export const BARE: Snapshot = {
  name: "bare",
  entrypoint: [],
  env: {},
  root: null,
  binds: [],
  description: "A system with nothing started in it.",
  createdAt: 0,
};

// Names are folder names here; anything else cannot be one of ours.
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The snapshots folder, read anew at every call: one may appear at any time. */
export class Snapshots {
  constructor(private readonly dir: string) {}

  get(name: string): Snapshot | null {
    if (name === BARE.name) return BARE;
    if (!NAME.test(name)) return null;
    const file = join(this.dir, name, "snapshot.json");
    if (!existsSync(file)) return null;
    return this.read(name, file);
  }

  list(): Snapshot[] {
    const names = existsSync(this.dir) ? readdirSync(this.dir) : [];
    const found = names.flatMap((name) => {
      try {
        return this.get(name) ?? [];
      } catch (error) {
        // One broken snapshot must not hide the others; create names it.
        console.error(`snapshot ${name} is left out: ${messageOf(error)}`);
        return [];
      }
    });
    return [BARE, ...found];
  }

  /** @throws ApiError 400 when it does not exist or is broken. */
  require(name: string): Snapshot {
    const snapshot = this.get(name);
    if (!snapshot) {
      throw badRequest(
        `Snapshot ${name} not found. Known: ${this.list()
          .map((s) => s.name)
          .join(", ")}`,
      );
    }
    const missing = [snapshot.root ?? [], snapshot.binds]
      .flat()
      .find((path) => !existsSync(path));
    if (missing) {
      throw badRequest(
        `Snapshot ${name} is broken: ${missing} is missing. Build the snapshot again.`,
      );
    }
    return snapshot;
  }

  private read(name: string, file: string): Snapshot {
    const parsed = snapshotFile.safeParse(parseJson(name, file));
    if (!parsed.success) {
      throw badRequest(
        `Snapshot ${name} is broken: ${z.prettifyError(parsed.error)}`,
      );
    }
    const { root, entrypoint, env, binds, description } = parsed.data;
    return {
      name,
      entrypoint,
      env,
      binds,
      description,
      root: root === undefined ? null : join(this.dir, name, root),
      createdAt: statSync(file).mtimeMs,
    };
  }
}

function parseJson(name: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw badRequest(`Snapshot ${name} is broken: ${messageOf(error)}`);
  }
}
