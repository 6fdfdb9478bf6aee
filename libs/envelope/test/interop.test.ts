import { openEnvelope, parseEnvelope, sealEnvelope, hpkeOpen, hpkeSeal, Suite } from "@cloister/envelope";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { describe, expect, it } from "@jest/globals";
import { concat } from "../src/bytes.ts";
import { BACKENDS, filled, header, NOW_MS, party, SUITES, utf8 } from "./fixtures.ts";
import { hex } from "./hex.ts";

const payload = utf8("between implementations");
const kem = new XWing();

function hpkeJs(suite: Suite): CipherSuite {
  const aead = suite === Suite.AES_256_GCM ? new Aes256Gcm() : new Chacha20Poly1305();
  return new CipherSuite({ kem, kdf: new HkdfSha256(), aead });
}

/** A copy with an ArrayBuffer of its own, which is what hpke-js takes. */
const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

describe.each(SUITES)("with @hpke/core, suite %s,", (suite) => {
  it.each(BACKENDS)("the $name backend opens what hpke-js seals to its key", async (backend) => {
    const { kemPrivate } = party(backend, 1);
    const recipientPublicKey = await kem.deserializePublicKey(buffer(kemPrivate.publicKeyBytes));
    const [info, aad] = [utf8("some info"), utf8("some aad")];

    const { enc, ct } = await hpkeJs(suite).seal(
      { recipientPublicKey, info: buffer(info) },
      buffer(payload),
      buffer(aad),
    );

    const sealed = concat(new Uint8Array(enc), new Uint8Array(ct));
    expect(hex(hpkeOpen(backend, kemPrivate, info, aad, sealed, suite))).toBe(hex(payload));
  });

  it.each(BACKENDS)("hpke-js opens what the $name backend seals", async (backend) => {
    const { kemPublic } = party(backend, 1);
    const [info, aad] = [utf8("some info"), utf8("some aad")];
    const sealed = hpkeSeal(backend, kemPublic, info, aad, payload, suite);
    const recipientKey = await kem.deserializePrivateKey(buffer(filled(32, 1)));

    const context = { recipientKey, enc: buffer(sealed.subarray(0, 1120)), info: buffer(info) };
    const opened = await hpkeJs(suite).open(context, buffer(sealed.subarray(1120)), buffer(aad));

    expect(hex(new Uint8Array(opened))).toBe(hex(payload));
  });

  it.each(BACKENDS)("hpke-js reads the content key of an envelope that the $name backend sealed", async (backend) => {
    const { kemPrivate, kemPublic, signing, verifying } = party(backend, 1);
    const request = { header: header({ suite }), payload, recipients: [kemPublic], signer: signing };
    const { bytes, protectedHash } = sealEnvelope(backend, request);
    const { recipients, commitment } = parseEnvelope(bytes);
    const [recipient] = recipients;
    if (recipient?.kind !== "kem") throw new Error("sealed to an X-Wing key");
    const recipientKey = await kem.deserializePrivateKey(buffer(filled(32, 1)));

    const info = concat(utf8("cloister/v1 cek"), Uint8Array.of(suite), recipient.keyId);
    const aad = concat(utf8("cloister/v1 kem"), recipient.keyId, protectedHash, commitment);
    const context = { recipientKey, enc: buffer(recipient.enc), info: buffer(info) };
    const cek = await hpkeJs(suite).open(context, buffer(recipient.sealedCek), buffer(aad));

    const okm = backend.digests.hkdf(new Uint8Array(cek), protectedHash, utf8("cloister/v1 payload"), 76);
    expect(hex(okm.subarray(0, 32))).toBe(hex(commitment));
    const opened = openEnvelope(backend, bytes, { keys: [kemPrivate], signer: verifying, nowMs: NOW_MS });
    expect(hex(opened.payload)).toBe(hex(payload));
  });
});
