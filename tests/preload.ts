import { isolated } from "./isolated";

/**
 * Before any test (bunfig.toml): nobody's accounts and keys are for tests to use.
 * `Bun.spawn` gives a child what this process began with, unless it is given `env`.
 */
const kept = isolated(process.env);
for (const name of Object.keys(process.env)) {
  if (!(name in kept)) delete process.env[name];
}
