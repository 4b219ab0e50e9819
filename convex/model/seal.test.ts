import { describe, expect, test } from "bun:test";
import { ConvexError } from "convex/values";
import { aad, open, parseSealKeys, seal, sha256Hex } from "./seal";

const base64 = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const k1 = parseSealKeys(`k1:${base64(1)}`);
const k2first = parseSealKeys(`k2:${base64(2)},k1:${base64(1)}`);
const owner = aad.provider("u1", "openrouter");

const codeOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof ConvexError ? error.data.code : error;
};

describe("seal", () => {
  test("what is sealed opens for the same owner and purpose", async () => {
    const sealed = await seal("sk-secret-ü", owner, k1);
    expect(sealed).toStartWith("v1.k1.");
    expect(sealed).not.toContain("secret");
    expect(await open(sealed, owner, k1)).toBe("sk-secret-ü");
  });

  test("the same secret never seals to the same text", async () => {
    expect(await seal("x", owner, k1)).not.toBe(await seal("x", owner, k1));
  });

  test("an older key still opens; the first one seals", async () => {
    const old = await seal("x", owner, k1);
    expect(await open(old, owner, k2first)).toBe("x");
    expect(await seal("x", owner, k2first)).toStartWith("v1.k2.");
  });

  test("another owner, a changed byte, an absent key: secret_unreadable", async () => {
    const sealed = await seal("x", owner, k1);
    const other = aad.provider("u2", "openrouter");
    const flipped = sealed.slice(0, -2) + (sealed.at(-2) === "A" ? "BA" : "AA");
    const k3 = parseSealKeys(`k3:${base64(1)}`);
    const impostor = parseSealKeys(`k1:${base64(9)}`);
    expect(await codeOf(open(sealed, other, k1))).toBe("secret_unreadable");
    expect(await codeOf(open(flipped, owner, k1))).toBe("secret_unreadable");
    expect(await codeOf(open(sealed, owner, k3))).toBe("secret_unreadable");
    expect(await codeOf(open(sealed, owner, impostor))).toBe(
      "secret_unreadable",
    );
    expect(await codeOf(open("plain", owner, k1))).toBe("secret_unreadable");
  });

  test("bad configuration is not missing configuration", () => {
    for (const bad of [undefined, "", "k1", "k1:abc", `k 1:${base64(1)}`]) {
      expect(() => parseSealKeys(bad)).toThrow(ConvexError);
    }
  });

  test("sha256Hex is the standard digest", async () => {
    expect(await sha256Hex("abc")).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});
