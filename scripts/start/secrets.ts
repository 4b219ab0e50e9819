import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OptionError } from "./options";

/** What only this data folder knows. Losing `sealKeys` makes stored keys unreadable. */
export type Secrets = { sealKeys: string; sandboxApiKey: string };

/**
 * Reads the data folder's secrets, or makes them the first time.
 *
 * @throws OptionError when the file is there but unreadable. It is never made
 * anew in that case: new keys would turn every stored secret into noise.
 */
export function keepSecrets(dataDir: string): Secrets {
  const path = join(dataDir, "secrets.json");
  if (existsSync(path)) return readSecrets(path);
  const made: Secrets = {
    sealKeys: `k1:${randomBytes(32).toString("base64")}`,
    sandboxApiKey: randomBytes(24).toString("base64url"),
  };
  // Written aside and renamed, so that a crash leaves the whole file or none.
  writeFileSync(`${path}.new`, JSON.stringify(made, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return made;
}

function readSecrets(path: string): Secrets {
  const text = readFileSync(path, "utf8");
  try {
    const { sealKeys, sandboxApiKey } = JSON.parse(text) as Partial<Secrets>;
    if (sealKeys && sandboxApiKey) return { sealKeys, sandboxApiKey };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new OptionError(
    `${path} is damaged. Restore it from a backup, or move the whole data folder away to start afresh.`,
  );
}
