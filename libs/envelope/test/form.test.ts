import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Envelope, EnvelopeSchema, HeaderSchema, RecipientSchema } from "@cloister/contracts/envelope";
import {
  type Header,
  openEnvelope,
  parseConversationId,
  type ParsedEnvelope,
  parseEnvelope,
  parseKeyId,
  parseMessageId,
} from "@cloister/envelope";
import { ContentType, parseTenantId, protectedHash, readHeader, sealEnvelope, Stage, Suite } from "@cloister/envelope";
import { createWrapKey, MAX_PLAINTEXT_BYTES, verifySignature } from "@cloister/envelope";
import { nodeBackend as backend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { codeOf, filled, header, NOW_MS, party, utf8 } from "./fixtures.ts";
import { hex } from "./hex.ts";

const alice = party(backend, 1);
const bob = party(backend, 2);
const payload = utf8("hello");

const sealed = (overrides: Partial<Header> = {}): Uint8Array =>
  sealEnvelope(backend, { header: header(overrides), payload, recipients: [alice.wrap] }).bytes;

const id16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const count = fc.oneof(fc.nat(200), fc.maxSafeNat());
const anyHeader: fc.Arbitrary<Header> = fc
  .record({
    suite: fc.constantFrom(Suite.AES_256_GCM, Suite.CHACHA20_POLY1305),
    messageId: id16.map(parseMessageId),
    tenantId: id16.map(parseTenantId),
    conversationId: id16.map(parseConversationId),
    stage: fc.constantFrom(Stage.INBOUND, Stage.REPLY, Stage.VECTOR),
    attempt: fc.nat(2 ** 31 - 1),
    senderSeq: count,
    createdAtMs: count,
    contentType: fc.constantFrom(ContentType.TEXT, ContentType.KNOWLEDGE_DOCUMENT),
    policyVersion: count,
    causeId: fc.option(id16.map(parseMessageId)),
    subjectRef: fc.option(id16),
  })
  .map(({ causeId, subjectRef, ...rest }) => ({
    ...rest,
    expiresAtMs: NOW_MS + 1,
    ...(causeId && { causeId }),
    ...(subjectRef && { subjectRef }),
  }));

describe("what is sealed", () => {
  it("comes back as it was, header and payload, and is what the generated code would serialize", () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 3000 }), (head, text) => {
        const { bytes } = sealEnvelope(backend, { header: head, payload: text, recipients: [alice.wrap] });
        const opened = openEnvelope(backend, bytes, { keys: [alice.wrap], signer: "none", nowMs: NOW_MS });

        expect(opened.header).toEqual(head);
        expect(hex(opened.payload)).toBe(hex(text));
        const message = fromBinary(EnvelopeSchema, bytes);
        expect(hex(toBinary(EnvelopeSchema, message))).toBe(hex(bytes));
        const generated = fromBinary(HeaderSchema, message.protected);
        expect(hex(toBinary(HeaderSchema, generated))).toBe(hex(message.protected));
        expect([generated.senderSeq, generated.createdAtMs]).toEqual([
          BigInt(head.senderSeq),
          BigInt(head.createdAtMs),
        ]);
      }),
    );
  });

  it("is read without a key: header, recipients, hash and signature", () => {
    const request = { header: header(), payload, recipients: [alice.kemPublic, bob.wrap], signer: alice.signing };
    const { bytes, protectedHash: hash } = sealEnvelope(backend, request);
    const envelope = parseEnvelope(bytes);

    expect(readHeader(bytes)).toEqual(header());
    expect(envelope.recipients.map(({ kind, keyId }) => [kind, hex(keyId)])).toEqual([
      ["kem", hex(alice.kemPublic.keyId)],
      ["wrap", hex(bob.wrap.keyId)],
    ]);
    expect(hex(protectedHash(envelope))).toBe(hex(hash));
    expect(() => {
      verifySignature(backend, envelope, alice.verifying);
    }).not.toThrow();
    expect(
      codeOf(() => {
        verifySignature(backend, envelope, bob.verifying);
      }),
    ).toBe("SIGNATURE_INVALID");
  });

  it("reads a Buffer as it reads a Uint8Array", () => {
    const bytes = sealed();
    const view = (one: Uint8Array) => [one.constructor, hex(one)];
    const parts = ({ header: head, commitment, ciphertext, recipients }: ParsedEnvelope) =>
      [head.messageId, commitment, ciphertext, ...recipients.map(({ keyId }) => keyId)].map(view);

    expect(parts(parseEnvelope(Buffer.from(bytes)))).toEqual(parts(parseEnvelope(bytes)));
  });

  it("has at most 300 bytes of overhead for a wrapped, unsigned 1 KiB message with a cause", () => {
    const head = header({ senderSeq: 0, causeId: parseMessageId(filled(16, 5)) });
    const { bytes } = sealEnvelope(backend, { header: head, payload: filled(1024, 1), recipients: [alice.wrap] });

    expect(bytes.length - 1024).toBeLessThanOrEqual(300);
  });
});

describe("reading", () => {
  it("accepts arbitrary and mutated bytes only as what the generated code would serialize", () => {
    const seed = sealed({ causeId: parseMessageId(filled(16, 5)) });
    const mutated = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255), fc.nat(2)), { maxLength: 4 }).map((edits) =>
      edits.reduce((bytes, [at, byte, kind]) => {
        const deleted = kind === 0 ? 1 : 0;
        const inserted = kind === 1 ? [byte, ...bytes.slice(at, at + 1)] : kind === 2 ? [byte] : [];
        return Uint8Array.from([
          ...bytes.slice(0, at),
          ...inserted,
          ...bytes.slice(at + Math.max(deleted, kind > 0 ? 1 : 0)),
        ]);
      }, seed),
    );
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        const code = codeOf(() => parseEnvelope(bytes));
        if (code !== "no error") return;
        const message = fromBinary(EnvelopeSchema, bytes);
        expect(hex(toBinary(EnvelopeSchema, message))).toBe(hex(bytes));
        const head = fromBinary(HeaderSchema, message.protected);
        expect(hex(toBinary(HeaderSchema, head))).toBe(hex(message.protected));
      }),
      { numRuns: 2000 },
    );
  });

  const withHeader = (bytes: number[]): Uint8Array => {
    const envelope = fromBinary(EnvelopeSchema, sealed());
    envelope.protected = Uint8Array.from(bytes);
    return toBinary(EnvelopeSchema, envelope);
  };
  const good = [...fromBinary(EnvelopeSchema, sealed()).protected];

  it.each([
    ["an unknown field", [...good, 0x70, 1]],
    ["a repeated field", [...good, 0x58, 3]],
    ["a zero written out", [...good.slice(0, 58), 0x30, 0, ...good.slice(58)]],
    ["an empty field written out", [...good, 0x62, 0]],
    ["fields out of order", [...good.slice(2, 20), ...good.slice(0, 2), ...good.slice(20)]],
    ["a number in a longer form than needed", [0x08, 0x81, 0x00, ...good.slice(2)]],
    ["a tag in a longer form than needed", [0x88, 0x00, 0x01, ...good.slice(2)]],
    ["a number above 2^53 - 1", [...good.slice(0, 58), 0x38, ...Array<number>(9).fill(0xff), 0x01]],
    ["an id of 15 bytes", [0x08, 1, 0x12, 15, ...good.slice(4, 19), ...good.slice(20)]],
    ["no tenant", [...good.slice(0, 20), ...good.slice(38)]],
    ["no stage", [...good.slice(0, 56), ...good.slice(58)]],
    ["an unknown stage", [...good.slice(0, 56), 0x28, 99, ...good.slice(58)]],
    ["no suite", good.slice(2)],
    ["nothing in it", []],
  ])("refuses a header with %s as malformed", (_, bytes) => {
    expect(codeOf(() => parseEnvelope(withHeader(good)))).toBe("no error");
    expect(codeOf(() => parseEnvelope(withHeader(bytes)))).toBe("MALFORMED");
  });

  it.each([3, 127])("refuses suite %s as unsupported", (suite) => {
    expect(codeOf(() => parseEnvelope(withHeader([0x08, suite, ...good.slice(2)])))).toBe("UNSUPPORTED_SUITE");
  });

  const edited = (edit: (envelope: Envelope) => void): string => {
    const request = { header: header(), payload, recipients: [alice.kemPublic, bob.wrap], signer: alice.signing };
    const envelope = fromBinary(EnvelopeSchema, sealEnvelope(backend, request).bytes);
    edit(envelope);
    return codeOf(() => parseEnvelope(toBinary(EnvelopeSchema, envelope)));
  };

  it.each<[string, string, (envelope: Envelope) => void]>([
    ["no recipient", "MALFORMED", (e) => (e.recipients = [])],
    ["a recipient of no kind", "MALFORMED", (e) => (e.recipients = [create(RecipientSchema)])],
    ["the same recipient twice", "MALFORMED", (e) => (e.recipients = [...e.recipients, ...e.recipients.slice(0, 1)])],
    ["17 recipients", "MALFORMED", (e) => (e.recipients = manyRecipients(e, 17))],
    ["16 recipients", "no error", (e) => (e.recipients = manyRecipients(e, 16))],
    ["a commitment of 31 bytes", "MALFORMED", (e) => (e.commitment = filled(31, 1))],
    ["no commitment", "MALFORMED", (e) => (e.commitment = filled(0, 1))],
    ["no ciphertext", "MALFORMED", (e) => (e.ciphertext = filled(0, 1))],
    ["a ciphertext of a length that padding never gives", "MALFORMED", (e) => (e.ciphertext = filled(256 + 15, 1))],
    ["a payload above 256 KiB", "TOO_LARGE", (e) => (e.ciphertext = filled(270337 + 16, 1))],
    ["a header above 4 KiB", "TOO_LARGE", (e) => (e.protected = filled(4097, 1))],
    ["a signature of 63 bytes", "MALFORMED", (e) => e.signature && (e.signature.signature = filled(63, 1))],
    [
      "unknown fields",
      "MALFORMED",
      (e) => (e.$unknown = [{ no: 9, wireType: WireType.Varint, data: Uint8Array.of(1) }]),
    ],
  ])("takes an envelope with %s as: %s", (_, code, edit) => {
    expect(edited(edit)).toBe(code);
  });

  it("refuses a record above 1 MiB before it reads it", () => {
    expect(codeOf(() => parseEnvelope(filled(1024 * 1024 + 1, 0)))).toBe("TOO_LARGE");
  });
});

describe("sealing", () => {
  it("takes a payload of 256 KiB and refuses one byte more", () => {
    const sealOf = (length: number): string =>
      codeOf(() => {
        const { bytes } = sealEnvelope(backend, {
          header: header(),
          payload: filled(length, 7),
          recipients: [alice.wrap],
        });
        const opened = openEnvelope(backend, bytes, { keys: [alice.wrap], signer: "none", nowMs: NOW_MS });
        expect(opened.payload).toHaveLength(length);
      });

    expect([sealOf(MAX_PLAINTEXT_BYTES), sealOf(MAX_PLAINTEXT_BYTES + 1)]).toEqual(["no error", "TOO_LARGE"]);
  });

  it.each<[string, string, Parameters<typeof sealEnvelope>[1]]>([
    ["nobody", "MALFORMED", { header: header(), payload, recipients: [] }],
    ["an unsigned KEM recipient", "MALFORMED", { header: header(), payload, recipients: [alice.kemPublic] }],
    ["two unsigned wrap recipients", "MALFORMED", { header: header(), payload, recipients: [alice.wrap, bob.wrap] }],
    [
      "one key twice",
      "MALFORMED",
      { header: header(), payload, recipients: [bob.wrap, bob.wrap], signer: bob.signing },
    ],
    ["a fractional time", "MALFORMED", { header: header({ createdAtMs: 0.5 }), payload, recipients: [bob.wrap] }],
    ["a negative number", "MALFORMED", { header: header({ senderSeq: -1 }), payload, recipients: [bob.wrap] }],
    ["no stage", "MALFORMED", { header: header({ stage: Stage.UNSPECIFIED }), payload, recipients: [bob.wrap] }],
    ["no suite", "MALFORMED", { header: header({ suite: Suite.UNSPECIFIED }), payload, recipients: [bob.wrap] }],
  ])("refuses %s: %s", (_, code, request) => {
    expect(codeOf(() => sealEnvelope(backend, request))).toBe(code);
  });
});

describe("opening", () => {
  const openWith = (request: Partial<Parameters<typeof openEnvelope>[2]>): string =>
    codeOf(() => openEnvelope(backend, sealed(), { keys: [alice.wrap], signer: "none", nowMs: NOW_MS, ...request }));

  it("ends at the expiry, to the millisecond, and for a clock that has no time", () => {
    const { expiresAtMs } = header();

    expect([expiresAtMs - 1, expiresAtMs, Number.NaN].map((nowMs) => openWith({ nowMs }))).toEqual([
      "no error",
      "EXPIRED",
      "EXPIRED",
    ]);
  });

  it("says why there is no key", () => {
    const destroyed = createWrapKey(backend, { key: filled(32, 1), keyId: alice.wrap.keyId });
    destroyed.destroy();

    expect([
      openWith({ keys: [bob.wrap, alice.kemPrivate] }),
      openWith({ keys: () => undefined }),
      openWith({ keys: () => "KEY_UNAVAILABLE" }),
      openWith({ keys: () => "KEY_DESTROYED" }),
      openWith({ keys: [destroyed] }),
    ]).toEqual(["NOT_A_RECIPIENT", "NOT_A_RECIPIENT", "KEY_UNAVAILABLE", "KEY_DESTROYED", "KEY_DESTROYED"]);
  });

  it("fails authentication under another key with the same name, and under a key of the other kind", () => {
    const impostor = createWrapKey(backend, { key: filled(32, 1), keyId: parseKeyId(alice.wrap.keyId) });

    expect([openWith({ keys: [impostor] }), openWith({ keys: () => alice.kemPrivate })]).toEqual([
      "AUTHENTICATION_FAILED",
      "AUTHENTICATION_FAILED",
    ]);
  });

  it("gives an EnvelopeError for whatever bytes it is given", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(
          codeOf(() => openEnvelope(backend, bytes, { keys: [alice.wrap], signer: "none", nowMs: NOW_MS })),
        ).not.toBe("no error");
      }),
    );
  });
});

function manyRecipients({ recipients: [first] }: Envelope, length: number): Envelope["recipients"] {
  if (first?.kind.case !== "kem") throw new Error("the first recipient is a KEM key");
  const { enc, sealedCek } = first.kind.value;
  return Array.from({ length }, (_, i) =>
    create(RecipientSchema, { kind: { case: "kem", value: { keyId: filled(16, i + 1), enc, sealedCek } } }),
  );
}
