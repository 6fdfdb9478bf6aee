import { inspect } from "node:util";
import { createKemPrivateKey, createKemPublicKey, createSigningKey, createVerifyingKey } from "@cloister/envelope";
import { createWrapKey, hpkeOpen, hpkeSeal, openEnvelope, parseKeyId, sealEnvelope, Suite } from "@cloister/envelope";
import { describe, expect, it } from "@jest/globals";
import { BACKENDS, codeOf, filled, header, NOW_MS, party, SUITES, utf8 } from "./fixtures.ts";
import { hex } from "./hex.ts";

const payload = utf8("hello");

describe.each(BACKENDS)("keys on the $name backend", (backend) => {
  it("show nothing but [key] however they are printed", () => {
    const { wrap, kemPrivate, signing } = party(backend, 1);

    for (const key of [wrap, kemPrivate, signing]) {
      expect([String(key), JSON.stringify(key), inspect(key), JSON.stringify({ key })]).toEqual([
        "[key]",
        '"[key]"',
        "[key]",
        '{"key":"[key]"}',
      ]);
    }
  });

  it("can't be used once destroyed", () => {
    const { wrap, kemPrivate, kemPublic, signing } = party(backend, 1);
    const { bytes } = sealEnvelope(backend, { header: header(), payload, recipients: [kemPublic], signer: signing });
    for (const key of [wrap, kemPrivate, signing]) key.destroy();
    const signer = party(backend, 1).verifying;

    expect([
      codeOf(() => sealEnvelope(backend, { header: header(), payload, recipients: [wrap] })),
      codeOf(() => openEnvelope(backend, bytes, { keys: [kemPrivate], signer, nowMs: NOW_MS })),
      codeOf(() => signing.sign(payload)),
      wrap.isDestroyed,
    ]).toEqual(["KEY_DESTROYED", "KEY_DESTROYED", "KEY_DESTROYED", true]);
  });

  it("wrap no more often than their budget says", () => {
    const wrap = createWrapKey(backend, { key: filled(32, 1), keyId: parseKeyId(filled(16, 1)), wrapBudget: 2 });
    const sealOnce = (): string =>
      codeOf(() => sealEnvelope(backend, { header: header(), payload, recipients: [wrap] }));

    expect([sealOnce(), sealOnce(), sealOnce()]).toEqual(["no error", "no error", "KEY_UNAVAILABLE"]);
  });

  it("are copied, so that the caller may erase its bytes", () => {
    const key = Buffer.alloc(32, 200); // a Buffer, whose slice() would be a view
    const seed = Buffer.alloc(32, 5);
    const wrap = createWrapKey(backend, { key, keyId: parseKeyId(filled(16, 1)) });
    const kem = createKemPrivateKey(backend, seed);
    const signing = createSigningKey(backend, seed);
    const { bytes } = sealEnvelope(backend, { header: header(), payload, recipients: [wrap] });
    const publicKeyBytes = Buffer.from(kem.publicKeyBytes);
    const publicKey = createKemPublicKey(backend, publicKeyBytes);
    publicKeyBytes.fill(0);
    const box = hpkeSeal(backend, publicKey, payload, payload, payload);
    const signature = hex(signing.sign(payload));
    for (const secret of [key, seed]) secret.fill(0);

    expect(hex(openEnvelope(backend, bytes, { keys: [wrap], signer: "none", nowMs: NOW_MS }).payload)).toBe(
      hex(payload),
    );
    expect(hex(hpkeOpen(backend, kem, payload, payload, box))).toBe(hex(payload));
    expect(hex(signing.sign(payload))).toBe(signature);
  });

  it("are refused when their bytes are no key", () => {
    const keyId = parseKeyId(filled(16, 1));

    expect([
      codeOf(() => createWrapKey(backend, { key: filled(31, 1), keyId })),
      codeOf(() => createWrapKey(backend, { key: filled(32, 1), keyId, wrapBudget: 2 ** 28 + 1 })),
      codeOf(() => createKemPrivateKey(backend, filled(33, 1))),
      codeOf(() => createKemPublicKey(backend, filled(1215, 1))),
      codeOf(() => createKemPublicKey(backend, filled(1216, 0xff))), // ML-KEM coefficients above q
      codeOf(() => createSigningKey(backend, filled(31, 1))),
      codeOf(() => createVerifyingKey(backend, filled(31, 1))),
    ]).toEqual(Array(7).fill("MALFORMED"));
  });

  it.each(SUITES)(
    "seal by HPKE what only the private key with the same info, aad and suite opens (suite %s)",
    (suite) => {
      const { kemPrivate, kemPublic } = party(backend, 1);
      const [info, aad] = [utf8("info"), utf8("aad")];
      const sealed = hpkeSeal(backend, kemPublic, info, aad, payload, suite);
      const other = suite === Suite.AES_256_GCM ? Suite.CHACHA20_POLY1305 : Suite.AES_256_GCM;

      expect(hex(hpkeOpen(backend, kemPrivate, info, aad, sealed, suite))).toBe(hex(payload));
      expect([
        codeOf(() => hpkeOpen(backend, kemPrivate, aad, aad, sealed, suite)),
        codeOf(() => hpkeOpen(backend, kemPrivate, info, info, sealed, suite)),
        codeOf(() => hpkeOpen(backend, kemPrivate, info, aad, sealed, other)),
        codeOf(() => hpkeOpen(backend, party(backend, 2).kemPrivate, info, aad, sealed, suite)),
        codeOf(() => hpkeOpen(backend, kemPrivate, info, aad, sealed.subarray(0, 1135), suite)),
      ]).toEqual([...Array<string>(4).fill("AUTHENTICATION_FAILED"), "MALFORMED"]);
    },
  );

  it("refuse an encapsulation whose X25519 part is of low order", () => {
    const { kemPrivate, kemPublic } = party(backend, 1);
    const sealed = hpkeSeal(backend, kemPublic, payload, payload, payload);
    sealed.fill(0, 1088, 1120);

    expect(codeOf(() => hpkeOpen(backend, kemPrivate, payload, payload, sealed))).toBe("AUTHENTICATION_FAILED");
  });
});
