import { describe, expect, it } from "@jest/globals";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { opensslOf, verifyByNoble, verifyByOpenssl, verifyEd25519 } from "../src/ed25519.ts";

/** RFC 8032 section 7.1, test 3. */
const rfc = {
  publicKey: hexToBytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
  message: hexToBytes("af82"),
  signature: hexToBytes(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ),
};
const verifying = { openssl: verifyByOpenssl, noble: verifyByNoble };
const answers = (...signed: Parameters<typeof verifyEd25519>): Record<string, boolean> =>
  Object.fromEntries(
    Object.entries(verifying).map(([name, verify]) => {
      try {
        return [name, verify(...signed)];
      } catch {
        return [name, false];
      }
    }),
  );
/** Of the base point (RFC 8032 section 5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const numberOf = (littleEndian: Uint8Array) => BigInt(`0x${bytesToHex(littleEndian.slice().reverse())}`);
const bytesOf = (scalar: bigint) => hexToBytes(scalar.toString(16).padStart(64, "0")).reverse();
const both = (isValid: boolean) => ({ openssl: isValid, noble: isValid });

describe("verifying a signature by OpenSSL and by @noble/curves", () => {
  it("gives the RFC's answer", () => {
    expect(answers(rfc.publicKey, rfc.message, rfc.signature)).toEqual(both(true));
    expect(answers(rfc.publicKey, hexToBytes("af83"), rfc.signature)).toEqual(both(false));
  });

  it("gives the same answer for any key and message, and after any change of a bit", () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const bit = fc.record({ part: fc.nat(2), at: fc.nat(), bit: fc.nat(7) });
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ minLength: 1 }), fc.option(bit), (seed, message, flip) => {
        const parts = [ed25519.getPublicKey(seed), message.slice(), ed25519.sign(message, seed)] as const;
        if (flip !== null) {
          const changed = parts[flip.part] ?? message;
          const at = flip.at % changed.length;
          changed[at] = (changed[at] ?? 0) ^ (1 << flip.bit);
        }
        expect(answers(...parts)).toEqual(both(flip === null));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["small order", `01${"00".repeat(31)}`],
    ["small order, the other sign", `01${"00".repeat(30)}80`],
    ["order two", `ec${"ff".repeat(30)}7f`],
    ["order eight", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["a coordinate beyond the field", `ee${"ff".repeat(30)}7f`],
    ["no point", `02${"00".repeat(31)}`],
    ["31 bytes", "00".repeat(31)],
    ["nothing", ""],
  ])("takes no key of %s, under which a forged signature may hold", (_what, key) => {
    const forged = Uint8Array.of(1, ...new Uint8Array(63));
    expect(answers(hexToBytes(key), new Uint8Array(2), forged)).toEqual(both(false));
    expect(verifyEd25519(hexToBytes(key), new Uint8Array(2), forged)).toBe(false);
  });

  it.each([0, 63, 65])("takes no signature of %i bytes", (length) => {
    const signature = Uint8Array.from({ length }, (_, at) => rfc.signature[at] ?? 0);
    expect(answers(rfc.publicKey, rfc.message, signature)).toEqual(both(false));
  });

  it("takes no scalar of another form: s + l", () => {
    const other = bytesOf(numberOf(rfc.signature.slice(32)) + ORDER);
    const signature = Uint8Array.of(...rfc.signature.slice(0, 32), ...other);
    expect(answers(rfc.publicKey, rfc.message, signature)).toEqual(both(false));
  });

  it("is OpenSSL's stricter one for a key with a part of small order, whose holder makes signatures that others take", () => {
    const { Point } = ed25519;
    const eighth = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    const [secret, nonce] = [7n, 11n];
    const publicKey = Point.BASE.multiply(secret).add(eighth).toBytes();
    const signatures = Array.from({ length: 16 }, (_, n) => {
      const message = Uint8Array.of(n);
      const r = Point.BASE.multiply(nonce).toBytes();
      const k = numberOf(sha512(Uint8Array.of(...r, ...publicKey, ...message)));
      return { message, signature: Uint8Array.of(...r, ...bytesOf((nonce + k * secret) % ORDER)) };
    });
    const counts = (verify: typeof verifyEd25519) =>
      signatures.filter(({ message, signature }) => verify(publicKey, message, signature)).length;
    expect(counts(verifyByNoble)).toBe(16);
    expect(counts(verifyByOpenssl)).toBeLessThan(16);
  });

  it("goes on with more keys than are held", () => {
    for (let n = 0; n < 300; n++) {
      const seed = Uint8Array.from({ length: 32 }, (_, at) => (at < 2 ? (n >> (8 * at)) & 255 : 7));
      expect(verifyByOpenssl(ed25519.getPublicKey(seed), rfc.message, ed25519.sign(rfc.message, seed))).toBe(true);
    }
    expect(verifyByOpenssl(rfc.publicKey, rfc.message, rfc.signature)).toBe(true);
  });
});

describe("OpenSSL", () => {
  it("is Node's, and nowhere else", () => {
    expect(opensslOf(globalThis)).toBeDefined();
    expect([opensslOf({}), opensslOf({ process: {} })]).toEqual([undefined, undefined]);
  });
});
