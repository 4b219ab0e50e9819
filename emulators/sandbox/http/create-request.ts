import { z } from "zod";
import { badRequest } from "../errors";

const strings = z.record(z.string(), z.string());
const interval = z.number().int();

/** What create understands; what it does not is ignored, as Daytona does. */
const createRequest = z.object({
  name: z.string().min(1).max(255).optional(),
  snapshot: z.string().optional(),
  buildInfo: z.unknown().optional(),
  user: z.string().default("daytona"),
  env: strings.default({}),
  labels: strings.default({}),
  public: z.boolean().default(false),
  target: z.string().default("local"),
  cpu: z.number().optional(),
  memory: z.number().optional(),
  disk: z.number().optional(),
  networkBlockAll: z.boolean().default(false),
  autoStopInterval: interval.min(0).default(15),
  autoArchiveInterval: interval.min(0).default(10_080),
  autoDeleteInterval: interval.default(-1),
  ttlMinutes: interval.min(0).default(0),
  volumes: z.array(z.unknown()).default([]),
});

type Parsed = z.infer<typeof createRequest>;
export type CreateRequest = Parsed & {
  cpu: number;
  memory: number;
  disk: number;
};

/** @throws ApiError 400 naming what is wrong. */
export function parseCreate(body: unknown): CreateRequest {
  const parsed = createRequest.safeParse(dropNulls(body));
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  const request = parsed.data;
  const { cpu, memory, disk } = request;
  if (request.buildInfo !== undefined) {
    throw badRequest(
      "This server builds no images: name a snapshot instead of an image",
    );
  }
  if (request.volumes.length > 0) {
    throw badRequest("This server has no volumes");
  }
  if (request.snapshot !== undefined && (cpu ?? memory ?? disk) !== undefined) {
    throw badRequest("Cannot specify Sandbox resources when using a snapshot");
  }
  return { ...request, cpu: cpu ?? 1, memory: memory ?? 1, disk: disk ?? 3 };
}

function dropNulls(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null),
  );
}
