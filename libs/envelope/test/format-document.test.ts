import { createDecipheriv, createHash, createPublicKey, hkdfSync, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type Envelope, EnvelopeSchema, FrameSchema, HeaderSchema } from "@cloister/contracts/envelope";
import { createSigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import type { FrozenVector } from "./frozen/cases.ts";
import { unhex } from "./hex.ts";

/*
 * docs/envelope-format.md, sections 4 and 6, written down again with node:crypto and the generated code alone: what the
 * document says opens the frozen bytes.
 */

const frozen = JSON.parse(
  readFileSync(new URL("vectors/frozen.json", import.meta.url), "utf8"),
) as readonly FrozenVector[]; // the committed file, which frozen/make.ts wrote as this type

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const expand = (cek: Uint8Array, ph: Uint8Array, label: string, length: number): Buffer =>
  Buffer.from(hkdfSync("sha256", cek, ph, label, length));

function decrypt(suite: number, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer {
  const name = suite === 1 ? "aes-256-gcm" : "chacha20-poly1305";
  const decipher = createDecipheriv(name as "aes-256-gcm", key, nonce, { authTagLength: 16 }); // both take an AAD
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

function contentKey(vector: FrozenVector, envelope: Envelope, ph: Uint8Array): Buffer {
  const kind = envelope.recipients[0]?.kind;
  // HPKE of the KEM kind is checked against @hpke/core in interop.test.ts; here the sealer's randomness says the CEK.
  if (kind?.case !== "wrap") return Buffer.from(vector.randomness.slice(0, 64), "hex");
  const { keyId, nonce, sealedCek } = kind.value;
  const aad = Buffer.concat([Buffer.from("cloister/v1 wrap"), keyId, ph, envelope.commitment]);
  return decrypt(vector.suite, unhex(vector.recipientKey), nonce, aad, sealedCek);
}

describe.each(frozen)("the document alone, for $name,", (vector) => {
  const envelope = fromBinary(EnvelopeSchema, unhex(vector.envelope));
  const ph = sha256(envelope.protected);
  const cek = contentKey(vector, envelope, ph);

  it("gives the commitment and the payload", () => {
    const okm = expand(cek, ph, "cloister/v1 payload", 76);
    const padded = decrypt(vector.suite, okm.subarray(32, 64), okm.subarray(64), ph, envelope.ciphertext);

    expect(okm.subarray(0, 32).equals(envelope.commitment)).toBe(true);
    expect(padded).toHaveLength(256);
    expect(padded.subarray(0, padded.lastIndexOf(0x80)).toString("utf8")).toBe(vector.payload);
  });

  it("gives the frames' texts", () => {
    const { messageId } = fromBinary(HeaderSchema, envelope.protected);
    const okm = expand(cek, ph, "cloister/v1 stream", 36);
    const texts = vector.frames.map(({ frame: bytes }) => {
      const frame = fromBinary(FrameSchema, unhex(bytes));
      expect(frame.streamId).toEqual(messageId);
      const nonce = Buffer.concat([okm.subarray(32), uint64(frame.seq)]);
      const aad = Buffer.concat([ph, envelope.commitment, uint64(frame.seq), Uint8Array.of(frame.final ? 1 : 0)]);
      const cell = decrypt(vector.suite, okm.subarray(0, 32), nonce, aad, frame.ciphertext);
      return cell.subarray(2, 2 + cell.readUInt16BE(0)).toString("utf8");
    });

    expect(texts).toEqual(vector.frames.map(({ text }) => text));
  });

  it("verifies the signature, if there is one", () => {
    expect(envelope.signature !== undefined).toBe(vector.signingSeed !== "");
    if (!envelope.signature) return;
    const publicKey = createSigningKey(nodeBackend, unhex(vector.signingSeed)).publicKeyBytes;
    const bytes = Buffer.from(vector.envelope, "hex");
    const recipientsStart = bytes.indexOf(envelope.protected) + envelope.protected.length;
    const recipients = bytes.subarray(recipientsStart, bytes.indexOf(envelope.commitment) - 2);
    const signed = Buffer.concat([
      Buffer.from("cloister/v1 sig"),
      sha256(publicKey).subarray(0, 16),
      ph,
      sha256(recipients),
      envelope.commitment,
      sha256(envelope.ciphertext),
    ]);
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "raw-public", asymmetricKeyType: "ed25519" });

    expect(verify(null, signed, key, envelope.signature.signature)).toBe(true);
  });
});
