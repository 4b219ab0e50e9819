import { randomUUID } from "node:crypto";
import { z } from "zod";
import { badRequest, conflict } from "../errors";
import type { Registry } from "./registry";

const size = z.number().int().min(1).optional();
const createSnapshot = z.object({
  name: z.string().min(1).max(255),
  imageName: z.string().optional(),
  entrypoint: z.array(z.string()).optional(),
  cpu: size,
  memory: size,
  disk: size,
  buildInfo: z
    .object({
      dockerfileContent: z.string().min(1),
      contextHashes: z.array(z.string()).default([]),
    })
    .optional(),
});

/** A build as it was asked for, and what is to come of it. */
export interface Build {
  id: string;
  name: string;
  entrypoint: string[];
  cpu: number;
  memory: number;
  disk: number;
  dockerfile: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  takesMs: number;
  /** Fails at its end instead of being active. */
  fails: boolean;
  /** Put to rest, as the real service does with what nobody used for weeks. */
  inactive: boolean;
}

export type BuildState =
  "pending" | "building" | "active" | "inactive" | "build_failed";

export const FAILURE = "Injected fault: the last step ended with 1";
/** Part of the time that goes by before anything begins. */
const WAITING = 0.1;

/**
 * Images that were asked for. None is built: a snapshot goes through the states
 * and the words of a build, and no sandbox can be made from it. What it is at a
 * moment follows from the record alone, so a restart changes nothing.
 */
export class Builds {
  constructor(private readonly registry: Registry) {}

  all(): Build[] {
    return this.registry.builds();
  }

  find(idOrName: string): Build | null {
    const wanted = ({ id, name }: Build) => [id, name].includes(idOrName);
    return this.all().find(wanted) ?? null;
  }

  /** @throws ApiError 400 naming what is wrong, 409 where the name is taken. */
  create(
    body: unknown,
    taken: boolean,
    takesMs: number,
    fails: boolean,
  ): Build {
    const parsed = createSnapshot.safeParse(body);
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    const { name, buildInfo, imageName, entrypoint, cpu, memory, disk } =
      parsed.data;
    if (taken || this.find(name)) {
      throw conflict(`Snapshot with name "${name}" already exists`);
    }
    if ((buildInfo === undefined) === (imageName === undefined)) {
      throw badRequest("Give either an image's name or its build, not both");
    }
    if (buildInfo && buildInfo.contextHashes.length > 0) {
      throw badRequest("This server has no object storage: no build contexts");
    }
    const dockerfile = buildInfo?.dockerfileContent ?? `FROM ${imageName}\n`;
    const build = {
      ...{
        id: randomUUID(),
        name,
        dockerfile,
        takesMs,
        fails,
        inactive: false,
      },
      entrypoint: entrypoint ?? entrypointOf(dockerfile),
      ...{ cpu: cpu ?? 1, memory: memory ?? 1, disk: disk ?? 3 },
      createdAt: Date.now(),
    };
    this.registry.saveBuild(build);
    return build;
  }

  /** @throws ApiError 400 where it is that already, or not built. */
  rest(build: Build, inactive: boolean): Build {
    const wanted = inactive ? "active" : "inactive";
    if (buildState(build) !== wanted) {
      throw badRequest(`Snapshot ${build.name} is not ${wanted}`);
    }
    const after = { ...build, inactive };
    this.registry.saveBuild(after);
    return after;
  }

  remove({ id }: Build): void {
    this.registry.removeBuild(id);
  }
}

export function buildState(build: Build, now = Date.now()): BuildState {
  const age = now - build.createdAt;
  if (age >= build.takesMs) {
    if (build.fails) return "build_failed";
    return build.inactive ? "inactive" : "active";
  }
  return age < build.takesMs * WAITING ? "pending" : "building";
}

/** What the build says, each line with the moment it is said. */
export function buildLog(build: Build): { at: number; line: string }[] {
  const steps = instructionsOf(build.dockerfile);
  const lines = steps.map((step, index) => {
    const shown = step.length > 120 ? `${step.slice(0, 120)}...` : step;
    return `Step ${index + 1}/${steps.length} : ${shown}`;
  });
  lines.push(
    build.fails ? FAILURE : "This server builds no images: recorded, not built",
  );
  const { createdAt, takesMs } = build;
  const each = (takesMs * (1 - WAITING)) / lines.length;
  const from = createdAt + takesMs * WAITING;
  return lines.map((line, index) => ({ at: from + each * index, line }));
}

/** A Dockerfile's instructions, each on one line. */
function instructionsOf(dockerfile: string): string[] {
  return dockerfile
    .replace(/\\\n/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function entrypointOf(dockerfile: string): string[] {
  const last = instructionsOf(dockerfile).findLast((line) =>
    /^ENTRYPOINT\s/i.test(line),
  );
  const given = last?.replace(/^ENTRYPOINT\s+/i, "") ?? "";
  if (given === "") return [];
  try {
    return z.array(z.string()).parse(JSON.parse(given));
  } catch {
    // Its other form: a line for a shell.
    return ["/bin/sh", "-c", given];
  }
}
