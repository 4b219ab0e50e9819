import { refuse } from "./errors";

/**
 * Seals secrets for the tables: AES-256-GCM with WebCrypto, so that actions,
 * HTTP actions and Node actions share one implementation. Never open a secret
 * in a query or mutation: what they read can end up in a result or a log.
 *
 * A sealed secret is `v1.<key id>.<base64url of 12-byte IV + ciphertext + tag>`.
 */
const VERSION = "v1";
const IV_BYTES = 12;
const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

export type SealKey = { id: string; bytes: Uint8Array<ArrayBuffer> };

/** Whose secret it is and what for; part of the proof, so rows cannot be swapped. */
export const aad = {
  sandboxd: (slotId: string, generation: number) =>
    `slot:${slotId}:${generation}:sandboxd`,
  gateway: (slotId: string, generation: number) =>
    `slot:${slotId}:${generation}:gateway`,
  provider: (userId: string, providerId: string) =>
    `user:${userId}:provider:${providerId}`,
};

/**
 * Parses `keyId:base64of32bytes[,olderId:...]`. The first key seals, all open.
 * Throws `secret_unreadable` rather than going on without a key: a broken
 * configuration must not look like an absent secret.
 */
export function parseSealKeys(value: string | undefined): SealKey[] {
  const entries = (value ?? "").split(",").filter((entry) => entry.trim());
  if (entries.length === 0) {
    throw refuse("secret_unreadable", "No sealing key is configured.");
  }
  return entries.map((entry, index) => {
    const colon = entry.indexOf(":");
    const id = entry.slice(0, colon).trim();
    const bytes = fromBase64(entry.slice(colon + 1).trim());
    if (colon < 0 || !KEY_ID.test(id) || bytes?.length !== KEY_BYTES) {
      throw refuse(
        "secret_unreadable",
        `Entry ${index + 1} of SLIPWAY_SEAL_KEYS is not keyId:base64 of 32 bytes.`,
      );
    }
    return { id, bytes };
  });
}

/** Seals `plaintext` with the deployment's first key. Only in actions. */
export async function seal(
  plaintext: string,
  associated: string,
  keys: SealKey[] = deploymentKeys(),
): Promise<string> {
  const [key] = keys;
  if (!key) throw refuse("secret_unreadable", "No sealing key is configured.");
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: utf8(associated) },
    await imported(key),
    utf8(plaintext),
  );
  const whole = new Uint8Array(IV_BYTES + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), IV_BYTES);
  return `${VERSION}.${key.id}.${toBase64Url(whole)}`;
}

/** Opens what `seal` made for the same `associated`. Throws `secret_unreadable`. */
export async function open(
  sealed: string,
  associated: string,
  keys: SealKey[] = deploymentKeys(),
): Promise<string> {
  const [version, keyId, body, ...rest] = sealed.split(".");
  const bytes = body === undefined ? null : fromBase64(body);
  if (version !== VERSION || rest.length > 0 || !bytes) {
    throw refuse("secret_unreadable", "A stored secret has an unknown form.");
  }
  const key = keys.find(({ id }) => id === keyId);
  if (!key) {
    throw refuse(
      "secret_unreadable",
      `A stored secret was sealed with key "${keyId}", which is not configured.`,
    );
  }
  try {
    const plain = await crypto.subtle.decrypt(
      {
        name: "AES-GCM",
        iv: bytes.subarray(0, IV_BYTES),
        additionalData: utf8(associated),
      },
      await imported(key),
      bytes.subarray(IV_BYTES),
    );
    return new TextDecoder().decode(plain);
  } catch {
    // WebCrypto says no more than that it failed: wrong key, owner or bytes.
    throw refuse("secret_unreadable", "A stored secret cannot be opened.");
  }
}

/** SHA-256 of a string (as UTF-8) or bytes, in lower-case hex. */
export async function sha256Hex(
  value: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const bytes = typeof value === "string" ? utf8(value) : value;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

/** 256 random bits in base64url, for bearer tokens and keys. */
export function randomToken(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

// Read at each call: a deployment's environment can change between calls.
function deploymentKeys(): SealKey[] {
  return parseSealKeys(process.env.SLIPWAY_SEAL_KEYS);
}

function imported(key: SealKey): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key.bytes, "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
}

function utf8(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

/** Base64 or base64url to bytes; null when it is neither. */
function fromBase64(value: string): Uint8Array<ArrayBuffer> | null {
  const plain = value.replace(/-/g, "+").replace(/_/g, "/");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) return null;
  try {
    return Uint8Array.from(atob(plain), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
