import { createHash } from "node:crypto";
import {
  deriveConversationId,
  derivedId,
  deriveTenantId,
  idToHex,
  idToUuid,
  parseConversationId,
} from "@cloister/envelope";
import { parseMessageId, parseTenantId, publicKeyId, Stage, uuidv7, wrapKeyId } from "@cloister/envelope";
import { isPaddedLength, pad, paddedLength, unpad } from "@cloister/envelope";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { codeOf, filled, utf8 } from "./fixtures.ts";
import { hex } from "./hex.ts";

/** SHA-256 of the parts, cut to 16 bytes, computed apart from the library. */
function sha256Prefix(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 32);
}

const tenant = parseTenantId(filled(16, 1));
const cause = parseMessageId(filled(16, 2));

describe("ids", () => {
  it("read the texts they write, and a UUID in capitals", () => {
    const text = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";

    expect(idToUuid(parseMessageId(text.toUpperCase()))).toBe(text);
    expect(idToHex(parseMessageId(text.replaceAll("-", "")))).toBe(text.replaceAll("-", ""));
  });

  it.each(["", "0190a1b2", "0190a1b2-c3d4-7e5f-8a6b7c8d9e0f1a2b", "z".repeat(32), `${"0".repeat(32)}\n`])(
    "refuse the text %j",
    (text) => {
      expect(codeOf(() => parseConversationId(text))).toBe("MALFORMED");
    },
  );

  it("refuse other lengths than 16 bytes", () => {
    expect([15, 17].map((length) => codeOf(() => parseMessageId(filled(length, 1))))).toEqual([
      "MALFORMED",
      "MALFORMED",
    ]);
  });

  it("of clients are UUIDv7 of the time and ten random bytes", () => {
    const id = uuidv7(0x0123456789ab, filled(10, 0xff));

    expect(idToUuid(id)).toBe("01234567-89ab-7fff-bfff-ffffffffffff");
    expect(codeOf(() => uuidv7(-1, filled(10, 0)))).toBe("MALFORMED");
  });

  it("of effects are UUIDv8 of cause, stage and number, the same each time", () => {
    const expected = sha256Prefix("cloister/v1 id", cause, Uint8Array.of(4), Uint8Array.of(0, 0, 1, 2));
    const id = idToHex(derivedId(cause, Stage.REPLY, 0x102));

    expect([id.slice(0, 12), id.slice(13, 16), id.slice(17)]).toEqual([
      expected.slice(0, 12),
      expected.slice(13, 16),
      expected.slice(17),
    ]);
    expect(id[12]).toBe("8");
    expect("89ab").toContain(id[16]);
  });

  it("of tenants, conversations and keys are hashes of what they name", () => {
    const kem = filled(1216, 3);
    const signing = filled(32, 4);
    const random = filled(16, 5);
    const conversationId = deriveConversationId(tenant, { kem, signing }, random);
    const name = { tenantId: tenant, conversationId, purpose: "flow", bucketEndMs: 0x0102030405 };
    const bucketEnd = Uint8Array.of(0, 0, 0, 1, 2, 3, 4, 5);

    expect(idToHex(deriveTenantId(signing))).toBe(sha256Prefix("cloister/v1 tenant", signing));
    expect(idToHex(conversationId)).toBe(sha256Prefix("cloister/v1 conversation", tenant, kem, signing, random));
    expect(idToHex(publicKeyId(kem))).toBe(sha256Prefix(kem));
    expect(idToHex(wrapKeyId(name))).toBe(
      sha256Prefix("cloister/v1 wrap key", tenant, conversationId, "flow", bucketEnd),
    );
    expect(codeOf(() => wrapKeyId({ ...name, purpose: "Flow" }))).toBe("MALFORMED");
  });
});

describe("padding", () => {
  it.each([
    [0, 256],
    [255, 256],
    [256, 272],
    [1024, 1088],
    [262_144, 270_336],
  ])("makes %s bytes %s", (payloadBytes, padded) => {
    expect(paddedLength(payloadBytes)).toBe(padded);
  });

  it("comes off again, costs at most 12 % above 256 bytes, and gives lengths that are recognized", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (payload) => {
        const padded = pad(payload);
        expect(hex(unpad(padded))).toBe(hex(payload));
        expect(padded.length).toBeLessThanOrEqual(Math.max(256, Math.floor((payload.length + 1) * 1.12)));
        expect(isPaddedLength(padded.length)).toBe(true);
      }),
    );
  });

  it("recognizes exactly the lengths that some payload is padded to", () => {
    const made = new Set(Array.from({ length: 9000 }, (_, n) => paddedLength(n)));
    const recognized = Array.from({ length: 8193 }, (_, n) => n).filter(isPaddedLength);

    expect(recognized).toEqual([...made].filter((length) => length <= 8192));
  });

  it("is refused without its mark, with less or more of it than needed", () => {
    const unmarked = filled(256, 0);
    const short = pad(utf8("hello")).subarray(0, 128);
    const long = new Uint8Array(272);
    long.set(pad(utf8("hello")));

    expect([unmarked, short, long, filled(0, 0)].map((bytes) => codeOf(() => unpad(bytes)))).toEqual(
      Array(4).fill("MALFORMED"),
    );
  });
});
