import type { Value } from "convex/values";
import { Stage } from "./stage";
import type { World } from "./world";

/** A stage for scenes that are told, not drawn: one world, functions, and time that is let pass. */
export { keyOf, SHA } from "./stage";

type As = { identity: { subject: string } };

export async function open(
  world: World,
  mode?: Parameters<typeof Stage.open>[1],
  env?: Record<string, string>,
) {
  const stage = await Stage.open(world, mode, env);
  return {
    stage,
    backend: {
      run: (path: string, args: Record<string, Value>, as: As) =>
        stage.call(path, args, as.identity.subject),
      transaction: stage.transaction.bind(stage),
      close: () => stage.close(),
    },
    clock: { advance: (ms: number) => stage.pass(ms) },
  };
}
