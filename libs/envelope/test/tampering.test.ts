import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Envelope, EnvelopeSchema, SignatureSchema } from "@cloister/contracts/envelope";
import { openEnvelope, parseEnvelope, sealEnvelope } from "@cloister/envelope";
import { nodeBackend as backend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import { concat } from "../src/bytes.ts";
import { LABELS } from "../src/labels.ts";
import { codeOf, filled, header, NOW_MS, party, utf8 } from "./fixtures.ts";

const alice = party(backend, 1);
const bob = party(backend, 2);
const eve = party(backend, 3);
const payload = utf8("What is the refund period?");

const unsigned = (): Uint8Array => sealEnvelope(backend, { header: header(), payload, recipients: [alice.wrap] }).bytes;
const signed = (recipients = [alice.kemPublic, bob.kemPublic]): Uint8Array =>
  sealEnvelope(backend, { header: header(), payload, recipients, signer: alice.signing }).bytes;

const openUnsigned = (bytes: Uint8Array): string =>
  codeOf(() => openEnvelope(backend, bytes, { keys: [alice.wrap], signer: "none", nowMs: NOW_MS }));
const openSigned = (bytes: Uint8Array): string =>
  codeOf(() => openEnvelope(backend, bytes, { keys: [alice.kemPrivate], signer: alice.verifying, nowMs: NOW_MS }));

/** The envelope after a change that the generated code makes and serializes. */
function edited(bytes: Uint8Array, edit: (envelope: Envelope) => void): Uint8Array {
  const envelope = fromBinary(EnvelopeSchema, bytes);
  edit(envelope);
  return toBinary(EnvelopeSchema, envelope);
}

/** The codes that come of flipping each bit of `part`, a view into `bytes`. */
function codesOfFlips(bytes: Uint8Array, part: Uint8Array, open: (bytes: Uint8Array) => string, step = 1): Set<string> {
  const codes = new Set<string>();
  const start = part.byteOffset - bytes.byteOffset;
  for (let bit = 0; bit < part.length * 8; bit += step) {
    const changed = bytes.slice();
    const at = start + (bit >> 3);
    changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7));
    codes.add(open(changed));
  }
  return codes;
}

describe("an unsigned envelope", () => {
  const bytes = unsigned();
  const { protectedBytes, recipients, commitment, ciphertext } = parseEnvelope(bytes);
  const recipient = recipients[0];
  if (recipient?.kind !== "wrap") throw new Error("sealed to one wrap key");

  it.each([
    ["ciphertext", ciphertext, ["AUTHENTICATION_FAILED"]],
    ["commitment", commitment, ["AUTHENTICATION_FAILED"]],
    ["wrapped key", recipient.sealedCek, ["AUTHENTICATION_FAILED"]],
    ["nonce", recipient.nonce, ["AUTHENTICATION_FAILED"]],
    ["key id", recipient.keyId, ["NOT_A_RECIPIENT"]],
    ["header", protectedBytes, ["AUTHENTICATION_FAILED", "EXPIRED", "MALFORMED", "UNSUPPORTED_SUITE"]],
  ])("is refused after any flipped bit of its %s", (_, part, codes) => {
    expect([...codesOfFlips(bytes, part, openUnsigned)].sort()).toEqual(codes);
  });

  it("never opens after any flipped bit at all", () => {
    expect(codesOfFlips(bytes, bytes, openUnsigned)).not.toContain("no error");
  });

  it("is malformed when cut anywhere", () => {
    const codes = new Set(Array.from(bytes, (_, length) => openUnsigned(bytes.subarray(0, length))));

    expect([...codes]).toEqual(["MALFORMED"]);
  });

  it("does not take another envelope's wrapped key", () => {
    const other = fromBinary(EnvelopeSchema, unsigned());
    const moved = edited(bytes, (envelope) => (envelope.recipients = other.recipients));

    expect(openUnsigned(moved)).toBe("AUTHENTICATION_FAILED");
  });

  it("is refused when somebody signs it", () => {
    const donor = fromBinary(EnvelopeSchema, signed());
    const withSignature = edited(bytes, (envelope) => {
      if (donor.signature) envelope.signature = donor.signature;
    });

    expect(openUnsigned(withSignature)).toBe("SIGNATURE_INVALID");
  });

  it("is refused when a second recipient is added", () => {
    const other = fromBinary(EnvelopeSchema, signed([bob.kemPublic]));
    const added = edited(bytes, (envelope) => envelope.recipients.push(...other.recipients));

    expect(openUnsigned(added)).toBe("SIGNATURE_INVALID");
  });

  it("fails its commitment when a sender wraps another content key for one reader", () => {
    const aad = concat(LABELS.wrapAad, recipient.keyId, backend.digests.sha256(protectedBytes), commitment);
    const sealedCek = new Uint8Array(48);
    alice.wrap.wrap(header().suite, recipient.nonce, aad, filled(32, 9), sealedCek);
    const forked = edited(bytes, ({ recipients: [first] }) => {
      if (first?.kind.case === "wrap") first.kind.value.sealedCek = sealedCek;
    });

    expect(openUnsigned(forked)).toBe("COMMITMENT_MISMATCH");
  });
});

describe("a signed envelope", () => {
  const bytes = signed();
  const { protectedBytes, recipientsBytes, recipients, commitment, ciphertext, signature } = parseEnvelope(bytes);
  const first = recipients[0];
  if (first?.kind !== "kem" || !signature) throw new Error("sealed to X-Wing keys and signed");

  it.each([
    ["ciphertext", ciphertext],
    ["commitment", commitment],
    ["encapsulation", first.enc],
    ["sealed key", first.sealedCek],
    ["key id of a recipient", first.keyId],
    ["signer's key id", signature.signerKeyId],
    ["signature", signature.signature],
  ])("is refused as not signed after a flipped bit of its %s", (_, part) => {
    expect([...codesOfFlips(bytes, part, openSigned, 7)]).toEqual(["SIGNATURE_INVALID"]);
  });

  it("never opens after a flipped bit of its header or its recipients' framing", () => {
    expect(codesOfFlips(bytes, protectedBytes, openSigned)).not.toContain("no error");
    expect(codesOfFlips(bytes, recipientsBytes.subarray(0, 32), openSigned)).not.toContain("no error");
  });

  it("is malformed when cut anywhere but before its signature, where the signature is missing", () => {
    const signatureStart = bytes.length - 2 - (2 + 16) - (2 + 64);
    const codeAt = (length: number): string => openSigned(bytes.subarray(0, length));
    const codes = new Set(Array.from(bytes, (_, length) => (length === signatureStart ? "" : codeAt(length))));

    expect([...codes].filter((code) => code !== "")).toEqual(["MALFORMED"]);
    expect(codeAt(signatureStart)).toBe("SIGNATURE_INVALID");
  });

  it.each<[string, (envelope: Envelope) => void]>([
    ["swapped", ({ recipients: list }) => list.reverse()],
    ["stripped", ({ recipients: list }) => list.splice(1, 1)],
    ["added", ({ recipients: list }) => list.push(...fromBinary(EnvelopeSchema, signed([eve.kemPublic])).recipients)],
  ])("is refused when a recipient is %s", (_, edit) => {
    expect(openSigned(edited(bytes, edit))).toBe("SIGNATURE_INVALID");
  });

  it("is refused with the signature of another envelope of the same signer", () => {
    const other = fromBinary(EnvelopeSchema, signed());
    const moved = edited(bytes, (envelope) => {
      if (other.signature) envelope.signature = other.signature;
    });

    expect(openSigned(moved)).toBe("SIGNATURE_INVALID");
  });

  it("is refused when another key signed it, under its own name or the expected one", () => {
    const byEve = sealEnvelope(backend, {
      header: header(),
      payload,
      recipients: [alice.kemPublic],
      signer: eve.signing,
    });
    const underAlice = edited(byEve.bytes, (envelope) => {
      const stolen = { signerKeyId: alice.verifying.keyId, signature: envelope.signature?.signature ?? filled(64, 0) };
      envelope.signature = create(SignatureSchema, stolen);
    });

    expect([openSigned(byEve.bytes), openSigned(underAlice)]).toEqual(["SIGNATURE_INVALID", "SIGNATURE_INVALID"]);
  });

  it("is refused where an unsigned one is expected, and unsigned where a signed one is", () => {
    const toWrap = sealEnvelope(backend, {
      header: header(),
      payload,
      recipients: [alice.wrap],
      signer: alice.signing,
    });
    const stripped = edited(toWrap.bytes, (envelope) => delete envelope.signature);
    const expecting = { keys: [alice.wrap], signer: alice.verifying, nowMs: NOW_MS };

    expect(openUnsigned(toWrap.bytes)).toBe("SIGNATURE_INVALID");
    expect(codeOf(() => openEnvelope(backend, stripped, expecting))).toBe("SIGNATURE_INVALID");
  });
});
