import { join } from "node:path";

/** Where things are in a sandbox; everything hangs off the home directory. */
export type Layout = ReturnType<typeof layoutOf>;

export function layoutOf(home: string) {
  const slipway = join(home, ".slipway");
  return {
    home,
    slipway,
    claim: join(slipway, "claim.json"),
    config: join(slipway, "config.json"),
    skills: join(slipway, "skills"),
    /** Short, unique names for the agent, as links into `skills`. */
    names: join(slipway, "names"),
    staging: join(slipway, "staging"),
    agentLog: join(slipway, "agent.log"),
    hermes: join(home, ".hermes"),
    sessions: join(home, "sessions"),
  };
}
