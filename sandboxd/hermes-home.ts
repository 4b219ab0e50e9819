import { readdir, readlink, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import type { AgentConfig } from "./config";
import { discard } from "./discard";
import { codeOf } from "./errors";
import { Lock, writeAtomic } from "./files";
import type { Layout } from "./layout";
import { clearWay } from "./skill-disk";
import { agentName, type InstalledSkill } from "./skill-key";

/**
 * How often the agent asks its model, where that is busy or fails, before it gives up.
 * The gateway puts a turn that is to stop off for 2 s at a time, and a sandbox that
 * does not hear of the stop is given up after 5 s: three waits outlast that.
 */
const API_TRIES = 4;

type Sources = {
  config: () => AgentConfig | null;
  skills: () => Promise<(InstalledSkill & { path: string })[]>;
};

/**
 * What Hermes reads from its home. Rewritten whole from our own records at
 * each boot and change, so nothing planted in it outlives a wake.
 */
export class HermesHome {
  #lock = new Lock();

  constructor(
    readonly layout: Layout,
    readonly sources: Sources,
  ) {}

  /** Before each start of the agent. `.env` would beat the environment. */
  async prepare(env: Record<string, string>): Promise<void> {
    const { home, hermes } = this.layout;
    await clearWay(home, join(hermes, "skills"));
    await writeAtomic(join(hermes, ".no-bundled-skills"), "");
    const lines = Object.entries(env).map(
      ([key, value]) => `${key}=${value}\n`,
    );
    await writeAtomic(join(hermes, ".env"), lines.join(""));
    await this.refresh();
  }

  /**
   * Names and config.yaml from what is on disk. A new path in external_dirs is
   * what makes a running Hermes rebuild its index of skills.
   */
  async refresh(): Promise<void> {
    await this.#lock.run(async () => {
      const { home, hermes, names } = this.layout;
      const skills = await this.sources.skills();
      await this.#writeNames(skills);
      const dirs = [names, ...skills.map(({ path }) => path)];
      const config = hermesConfig(this.sources.config(), dirs, home);
      await clearWay(home, hermes);
      // JSON is YAML, and cannot be made to mean anything else.
      await writeAtomic(
        join(hermes, "config.yaml"),
        `${JSON.stringify(config, null, 1)}\n`,
      );
    });
  }

  async #writeNames(skills: (InstalledSkill & { path: string })[]) {
    const { slipway, names } = this.layout;
    // A link here would have what it leads to removed below.
    await clearWay(slipway, names);
    const wanted = new Map(
      skills.map(({ key, digest, path }) => [
        agentName(key, digest),
        relative(names, path),
      ]),
    );
    for (const entry of await readdir(names)) {
      const target = await linkTarget(join(names, entry));
      if (target !== null && target === wanted.get(entry)) wanted.delete(entry);
      else await discard(join(names, entry));
    }
    for (const [name, target] of wanted)
      await symlink(target, join(names, name));
  }
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    if (codeOf(error) === "EINVAL" || codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function hermesConfig(
  config: AgentConfig | null,
  externalDirs: string[],
  home: string,
) {
  return {
    ...(config && {
      model: {
        provider: "custom",
        base_url: config.model.baseUrl,
        api_key: config.model.apiKey,
        default: config.model.name,
        context_length: config.model.contextLength,
      },
    }),
    terminal: { backend: "local", cwd: home },
    approvals: { mode: "off" }, // nobody is there to approve; the sandbox is the wall
    platform_toolsets: { api_server: ["terminal", "file", "skills", "todo"] },
    agent: { max_turns: config?.maxTurns ?? 30, api_max_retries: API_TRIES },
    skills: {
      external_dirs: externalDirs,
      inline_shell: false,
      creation_nudge_interval: 0,
    },
    gateway: { api_server: { max_concurrent_runs: 0 } }, // sandboxd counts
    // No memory across sessions, which are independent, and no work nobody
    // asked for: each of these would call the model or the internet by itself.
    memory: { memory_enabled: false, user_profile_enabled: false },
    auxiliary: { title_generation: { enabled: false } },
    curator: { enabled: false },
    kanban: { dispatch_in_gateway: false },
    model_catalog: { enabled: false },
    lsp: { enabled: false },
    security: { allow_lazy_installs: false, tirith_enabled: false },
  };
}
