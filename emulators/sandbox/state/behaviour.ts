import { z } from "zod";
import { badRequest } from "../errors";

const ms = z.number().min(0).max(600_000);
const most = z.number().min(0).optional();

/** How the emulated service behaves when nothing is wrong; see Faults for that. */
const behaviour = z.strictObject({
  /**
   * How long each change takes at least. With one given, its answer goes out at
   * once, with the state on its way, as the real service's does.
   */
  pace: z
    .strictObject({
      create: ms.default(0),
      start: ms.default(0),
      stop: ms.default(0),
      delete: ms.default(0),
      archive: ms.default(0),
      restore: ms.default(0),
      build: ms.default(0),
    })
    .partial()
    .default({}),
  /** How far the list is behind what a GET by id tells. */
  listLagMs: ms.default(0),
  /** What the organization may have; absent is no limit. */
  quota: z
    .strictObject({
      sandboxes: most,
      cpu: most,
      memory: most,
      disk: most,
      createsPerMinute: most,
    })
    .default({}),
});

export type Behaviour = z.infer<typeof behaviour>;
export type BehaviourInput = z.input<typeof behaviour>;
export type Paced = Exclude<keyof Required<Behaviour["pace"]>, "build">;

/** @throws ApiError 400 naming what is wrong. */
export function parseBehaviour(body: unknown): Behaviour {
  const parsed = behaviour.safeParse(body);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  return parsed.data;
}
