import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from "jose";

export const ALGORITHM = "ES256";

/** The issuer's key: private to sign with, public as the key set others check by. */
export type SigningKey = {
  kid: string;
  privateKey: CryptoKey;
  jwks: { keys: JWK[] };
};

/**
 * The key of a data folder, made the first time. Tokens of one folder mean
 * nothing to another, so a copied token or a second product opens no door.
 *
 * @throws Error when the key file is there but unreadable; it is not replaced.
 */
export async function keepKey(dataDir: string): Promise<SigningKey> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, "key.json");
  const stored = await readStored(path);
  if (stored) return await fromJwk(stored);
  const { privateKey } = await generateKeyPair(ALGORITHM, {
    extractable: true,
  });
  const jwk = await exportJWK(privateKey);
  await writeFile(`${path}.new`, JSON.stringify(jwk), { mode: 0o600 });
  await chmod(`${path}.new`, 0o600); // a file left by a crash keeps its mode
  await rename(`${path}.new`, path);
  return await fromJwk(jwk);
}

/** A key that is kept nowhere, for tests. */
export async function passingKey(): Promise<SigningKey> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  return await fromJwk(await exportJWK(pair.privateKey));
}

async function readStored(path: string): Promise<JWK | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
  try {
    return JSON.parse(text) as JWK;
  } catch (error) {
    throw new Error(
      `${path} is damaged. Restore it, or delete it to sign everybody out.`,
      { cause: error },
    );
  }
}

async function fromJwk(jwk: JWK): Promise<SigningKey> {
  const { kty, crv, x, y } = jwk;
  const open: JWK = { kty, crv, x, y };
  const kid = await calculateJwkThumbprint(open);
  const privateKey = await importJWK(jwk, ALGORITHM);
  if (privateKey instanceof Uint8Array) {
    throw new Error("The issuer's key is symmetric; ES256 needs a key pair.");
  }
  return {
    kid,
    privateKey,
    jwks: { keys: [{ ...open, kid, alg: ALGORITHM, use: "sig" }] },
  };
}
