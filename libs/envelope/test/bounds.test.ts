/** Where each number, length and count of the format ends: what is just inside goes through, what is just outside does not. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@cloister/contracts/envelope";
import {
  ContentType,
  createKemPublicKey,
  createWrapKey,
  deriveConversationId,
  derivedId,
  hpkeOpen,
  hpkeSeal,
  openEnvelope,
  parseConversationId,
  parseEnvelope,
  parseFrame,
  parseKeyId,
  parseMessageId,
  parseTenantId,
  readHeader,
  sealEnvelope,
  Stage,
  Suite,
  unpad,
  uuidv7,
  wrapKeyId,
  type Header,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import { isSame, isSameConstantTime } from "../src/bytes.ts";
import { packCell, unpackCell } from "../src/cell.ts";
import { CanonicalReader } from "../src/wire/canonical-reader.ts";
import { BACKENDS, codeOf, filled, header, NOW_MS, party, utf8 } from "./fixtures.ts";
import { hex } from "./hex.ts";

const tenantId = parseTenantId(filled(16, 1));
const conversationId = parseConversationId(filled(16, 2));
const cause = parseMessageId(filled(16, 3));
const [alice, bob] = [party(nodeBackend, 1), party(nodeBackend, 2)];
const payload = utf8("hello");
const seal = (request: Partial<Parameters<typeof sealEnvelope>[1]>): Uint8Array =>
  sealEnvelope(nodeBackend, { header: header(), payload, recipients: [alice.wrap], ...request }).bytes;

describe("ids", () => {
  it.each([
    [0, 10, "no error"],
    [2 ** 48 - 1, 10, "no error"],
    [2 ** 48, 10, "MALFORMED"],
    [-1, 10, "MALFORMED"],
    [0.5, 10, "MALFORMED"],
    [0, 9, "MALFORMED"],
    [0, 11, "MALFORMED"],
  ])("of clients at %s ms with %s random bytes: %s", (nowMs, length, code) => {
    expect(codeOf(() => uuidv7(nowMs, filled(length, 1)))).toBe(code);
  });

  it.each([
    [0, "no error"],
    [2 ** 32 - 1, "no error"],
    [2 ** 32, "MALFORMED"],
    [-1, "MALFORMED"],
    [1.5, "MALFORMED"],
  ])("of effects with the number %s: %s", (n, code) => {
    expect(codeOf(() => derivedId(cause, Stage.REPLY, n))).toBe(code);
  });

  it.each([
    [1216, 32, 16, "no error"],
    [1215, 32, 16, "MALFORMED"],
    [1216, 33, 16, "MALFORMED"],
    [1216, 32, 15, "MALFORMED"],
  ])("of conversations from %s, %s and %s bytes: %s", (kem, signing, random, code) => {
    const keys = { kem: filled(kem, 1), signing: filled(signing, 2) };
    expect(codeOf(() => deriveConversationId(tenantId, keys, filled(random, 3)))).toBe(code);
  });

  it.each([
    ["map", 0, "no error"],
    ["a".repeat(32), 1, "no error"],
    ["a".repeat(33), 1, "MALFORMED"],
    ["", 1, "MALFORMED"],
    ["MAP", 1, "MALFORMED"],
    ["map!", 1, "MALFORMED"],
    ["!map", 1, "MALFORMED"],
    ["map", -1, "MALFORMED"],
    ["map", 0.5, "MALFORMED"],
  ])("of wrapping keys for %j until %s: %s", (purpose, bucketEndMs, code) => {
    expect(codeOf(() => wrapKeyId({ tenantId, conversationId, purpose, bucketEndMs }))).toBe(code);
  });
});

describe("a header", () => {
  const bytesOf = (changes: Partial<Header>): Uint8Array => seal({ header: header(changes) });

  it.each<[string, Partial<Header>, string]>([
    ["the largest attempt", { attempt: 2 ** 32 - 1 }, "no error"],
    ["an attempt above 32 bits", { attempt: 2 ** 32 }, "MALFORMED"],
    ["the largest number", { senderSeq: Number.MAX_SAFE_INTEGER }, "no error"],
    ["a number above 2^53 - 1", { senderSeq: 2 ** 53 }, "MALFORMED"],
    ["no number", { senderSeq: Number.NaN }, "MALFORMED"],
    ["no content type", { contentType: ContentType.UNSPECIFIED }, "MALFORMED"],
    // A peer that was compiled against another schema.
    ["a content type of another schema", { contentType: 99 as ContentType }, "MALFORMED"],
    ["a stage of another schema", { stage: 99 as Stage }, "MALFORMED"],
  ])("with %s is sealed: %s", (_what, changes, code) => {
    expect(codeOf(() => readHeader(bytesOf(changes)))).toBe(code);
  });

  it("has ids of 16 bytes, whoever made them", () => {
    const short = header();
    // As a caller in JavaScript might.
    Object.assign(short, { tenantId: filled(15, 1) });
    expect(codeOf(() => seal({ header: short }))).toBe("MALFORMED");
  });
});

describe("recipients", () => {
  const keys = Array.from({ length: 17 }, (_, index) =>
    createWrapKey(nodeBackend, { key: filled(32, index + 1), keyId: parseKeyId(filled(16, index + 1)) }),
  );

  it("are 1 to 16", () => {
    const sealed = (count: number) => codeOf(() => seal({ recipients: keys.slice(0, count), signer: alice.signing }));
    expect([0, 1, 16, 17].map(sealed)).toEqual(["MALFORMED", "no error", "no error", "MALFORMED"]);
  });

  it("have a nonce of their own each, apart from the content key", () => {
    let drawn = new Uint8Array();
    const randomBytes = (length: number) => (drawn = new Uint8Array(length).map((_, index) => index)).slice();
    const backend = { ...nodeBackend, randomBytes };
    const recipients = keys.slice(0, 3);
    const { bytes } = sealEnvelope(backend, { header: header(), payload, recipients, signer: alice.signing });
    const nonces = parseEnvelope(bytes).recipients.map((one) => (one.kind === "wrap" ? hex(one.nonce) : ""));
    expect(nonces).toEqual([32, 44, 56].map((start) => hex(drawn.subarray(start, start + 12))));
  });

  it("are found by kind and name, so that a key of another name is not tried", () => {
    const bytes = seal({ recipients: [bob.wrap] });
    const open = () => openEnvelope(nodeBackend, bytes, { keys: [alice.wrap], signer: "none", nowMs: NOW_MS });
    expect(codeOf(open)).toBe("NOT_A_RECIPIENT");
  });
});

describe("a wrapping key", () => {
  it.each([
    [32, 0, "no error"],
    [32, 2 ** 28, "no error"],
    [32, 2 ** 28 + 1, "MALFORMED"],
    [32, -1, "MALFORMED"],
    [32, Number.NaN, "MALFORMED"],
    [31, 1, "MALFORMED"],
  ])("of %s bytes for %s wraps: %s", (length, wrapBudget, code) => {
    const input = { key: filled(length, 1), keyId: parseKeyId(filled(16, 1)), wrapBudget };
    expect(codeOf(() => createWrapKey(nodeBackend, input))).toBe(code);
  });

  it("says whether it is destroyed, and may be destroyed twice", () => {
    const key = createWrapKey(nodeBackend, { key: filled(32, 1), keyId: parseKeyId(filled(16, 1)) });
    expect(key.isDestroyed).toBe(false);
    key.destroy();
    key.destroy();
    expect(key.isDestroyed).toBe(true);
  });
});

describe("padding", () => {
  const padded = (length: number, marker: number, at: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    bytes[at] = marker;
    return bytes;
  };

  it.each([
    ["nothing before its mark", padded(256, 0x80, 0), "no error"],
    ["zeros alone", new Uint8Array(256), "MALFORMED"],
    ["no bytes", new Uint8Array(0), "MALFORMED"],
    ["another mark", padded(256, 0x81, 5), "MALFORMED"],
    ["a length that it would not have been given", padded(512, 0x80, 5), "MALFORMED"],
  ])("with %s", (_what, bytes, code) => {
    expect(codeOf(() => unpad(bytes))).toBe(code);
  });
});

describe("a cell", () => {
  it("holds 0 to 254 bytes of text in exactly 256", () => {
    const full = filled(254, 0x61);
    expect(unpackCell(packCell(full))).toEqual(full);
    const long = Uint8Array.of(...packCell(full), 0);
    const wide = packCell(new Uint8Array());
    wide[0] = 1;
    expect([codeOf(() => unpackCell(long)), codeOf(() => unpackCell(wide))]).toEqual(["MALFORMED", "MALFORMED"]);
  });
});

describe("a frame", () => {
  it("is final or not, and nothing else", () => {
    const frame = (final: number) =>
      Uint8Array.from([0x0a, 16, ...filled(16, 1), 0x18, final, 0x22, 0x90, 0x02, ...filled(272, 2)]);
    expect(parseFrame(frame(1)).isFinal).toBe(true);
    expect(codeOf(() => parseFrame(frame(2)))).toBe("MALFORMED");
  });
});

describe("comparing bytes", () => {
  it.each([
    ["a prefix", [1, 2], [1, 2, 0], false],
    ["nothing and a zero", [], [0], false],
    ["other bytes", [1, 2], [1, 3], false],
    ["the same", [1, 2], [1, 2], true],
  ])("tells %s", (_what, a, b, expected) => {
    const [one, two] = [Uint8Array.from(a), Uint8Array.from(b)];
    expect([isSame(one, two), isSame(two, one)]).toEqual([expected, expected]);
    expect([isSameConstantTime(one, two), isSameConstantTime(two, one)]).toEqual([expected, expected]);
  });
});

describe("the reader of the wire form", () => {
  const number = (...bytes: number[]) => {
    const reader = new CanonicalReader(Uint8Array.of(0x08, ...bytes));
    const value = reader.uint(1);
    reader.end();
    return value;
  };

  it("reads numbers up to 2^53 - 1", () => {
    expect(number(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)).toBe(Number.MAX_SAFE_INTEGER);
    expect(number(0x80, 0x01)).toBe(128);
  });

  it.each([
    ["2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["2^63", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["a zero that is written out", [0x00]],
    ["a number in a longer form", [0x81, 0x00]],
    ["a number without an end", [0x80]],
    ["no number at all", []],
  ])("refuses %s", (_what, bytes) => {
    expect(codeOf(() => number(...bytes))).toBe("MALFORMED");
  });

  it("never reads past the end of a message inside another", () => {
    // Field 2 is a message of one byte; what follows belongs to the outer one.
    const outer = Uint8Array.of(0x12, 0x01, 0x0a, 0x02, 0x07, 0x07);
    const inner = new CanonicalReader(outer);
    const message = inner.message();
    expect(codeOf(() => message.bytes(1))).toBe("MALFORMED");
    const past = new CanonicalReader(Uint8Array.of(0x12, 0x02, 0x0a, 0x02, 0x07, 0x07));
    expect(codeOf(() => past.message().bytes(1))).toBe("MALFORMED");
    const ended = new CanonicalReader(Uint8Array.of(0x08, 0x01, 0x08), 0, 2);
    ended.uint(1);
    expect(ended.isNext(1, 0)).toBe(false);
  });

  it("refuses a field that is longer than what is there", () => {
    const bytes = Uint8Array.of(0x08, 0x01, 0x12, 0x03, 0x01, 0x02);
    const reader = new CanonicalReader(bytes);
    reader.uint(1);
    expect(codeOf(() => reader.bytes(2))).toBe("MALFORMED");
  });
});

describe("HPKE", () => {
  const [info, aad] = [utf8("info"), utf8("aad")];
  const target = createKemPublicKey(nodeBackend, alice.kemPrivate.publicKeyBytes);

  it("carries an empty message and refuses one without its tag", () => {
    const sealed = hpkeSeal(nodeBackend, target, info, aad, new Uint8Array());
    expect(hpkeOpen(nodeBackend, alice.kemPrivate, info, aad, sealed)).toEqual(new Uint8Array());
    const cut = sealed.subarray(0, -1);
    expect(codeOf(() => hpkeOpen(nodeBackend, alice.kemPrivate, info, aad, cut))).toBe("MALFORMED");
  });

  it("knows no other suite than 1 and 2", () => {
    // As a caller in JavaScript might.
    const suite = 3 as Suite;
    expect(codeOf(() => hpkeSeal(nodeBackend, target, info, aad, payload, suite))).toBe("UNSUPPORTED_SUITE");
  });
});

describe.each(BACKENDS)("the $name backend", (backend) => {
  it("takes keys of their own length alone", () => {
    for (const make of [
      () => backend.aeadKey(filled(31, 1)),
      () => backend.kemSecret(filled(31, 1)),
      () => backend.kemTarget(filled(1215, 1)),
      () => backend.signer(filled(31, 1)),
      () => backend.verifier(filled(31, 1)),
    ]) {
      expect(make).toThrow();
    }
  });

  it("expands to any length that HKDF has, and each is the beginning of the longer", () => {
    const [prk, context] = [filled(32, 1), utf8("context")];
    const longest = backend.digests.hkdfExpand(prk, context, 8160);
    for (const length of [1, 31, 32, 33, 64, 65, 8159]) {
      expect(hex(backend.digests.hkdfExpand(prk, context, length))).toBe(hex(longest.subarray(0, length)));
    }
    expect(longest.buffer.byteLength).toBe(8160);
    expect(() => backend.digests.hkdfExpand(prk, context, 8161)).toThrow();
  });

  it("opens nothing that is shorter than a tag, and decapsulates nothing of another length", () => {
    const aead = backend.aeadKey(filled(32, 1));
    for (const length of [0, 15]) {
      expect(aead.open(Suite.AES_256_GCM, filled(12, 1), utf8(""), filled(length, 1))).toBeUndefined();
    }
    const secret = backend.kemSecret(filled(32, 1));
    expect([1119, 1121].map((length) => secret.decapsulate(filled(length, 1)))).toEqual([undefined, undefined]);
  });

  it("verifies no signature of another length", () => {
    const verifier = backend.verifier(backend.signer(filled(32, 1)).publicKey);
    expect([0, 63, 65].map((length) => verifier.verify(payload, filled(length, 1)))).toEqual([false, false, false]);
  });

  it("has no use of a key that was destroyed", () => {
    const into = new Uint8Array(payload.length + 16);
    const sealed = new Uint8Array(into.length);
    const aead = backend.aeadKey(filled(32, 1));
    const signer = backend.signer(filled(32, 1));
    const secret = backend.kemSecret(filled(32, 1));
    const { enc, sharedSecret } = backend.kemTarget(secret.publicKey).encapsulate();
    const signature = hex(signer.sign(payload));
    aead.seal(Suite.AES_256_GCM, filled(12, 1), payload, payload, sealed);
    for (const key of [aead, signer, secret]) key.destroy();
    const outcome = (use: () => Uint8Array | undefined): string => {
      try {
        return hex(use() ?? new Uint8Array());
      } catch {
        return "refused";
      }
    };
    const sealAgain = () => {
      aead.seal(Suite.AES_256_GCM, filled(12, 1), payload, payload, into);
      return into;
    };
    expect(outcome(sealAgain)).not.toBe(hex(sealed));
    expect(outcome(() => signer.sign(payload))).not.toBe(signature);
    expect(outcome(() => secret.decapsulate(enc))).not.toBe(hex(sharedSecret));
  });
});

describe("an unsigned envelope", () => {
  it("goes to one wrap key and to no public key, by its form", () => {
    const signed = seal({ recipients: [alice.kemPublic], signer: alice.signing });
    const { signature: _, ...unsigned } = fromBinary(EnvelopeSchema, signed);
    expect(codeOf(() => parseEnvelope(toBinary(EnvelopeSchema, unsigned)))).toBe("SIGNATURE_INVALID");
    expect(codeOf(() => parseEnvelope(seal({})))).toBe("no error");
  });
});
