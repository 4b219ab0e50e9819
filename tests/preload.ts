import { isolated } from "./isolated";

/** Before any test (bunfig.toml): nobody's accounts and keys are for tests to use. */
const kept = isolated(process.env);
for (const name of Object.keys(process.env)) {
  if (!(name in kept)) delete process.env[name];
}
