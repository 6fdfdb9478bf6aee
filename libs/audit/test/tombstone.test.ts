import { describe, expect, it } from "@jest/globals";
import { parseConversationId, parseTenantId } from "@cloister/envelope";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { AuditError, decodeTombstone, encodeTombstone, leafHash, tombstoneHash, type Tombstone } from "@cloister/audit";

const tenantId = parseTenantId(new Uint8Array(16).fill(1));
const erased: Tombstone = {
  tenantId,
  destroyed: { kind: "conversation", conversationId: parseConversationId(new Uint8Array(16).fill(2)) },
  reason: "erased",
  destroyedAtMs: 1_795_000_000_000,
};

const tombstones = fc.record({
  tenantId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(parseTenantId),
  destroyed: fc.oneof(
    fc.record({
      kind: fc.constant("conversation" as const),
      conversationId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(parseConversationId),
    }),
    fc.record({
      kind: fc.constant("bucket-key" as const),
      purpose: fc.constantFrom("inbound" as const, "flow" as const, "map" as const, "log" as const, "vector" as const),
      bucketEndMs: fc.nat(),
    }),
  ),
  reason: fc.constantFrom("expired" as const, "erased" as const),
  destroyedAtMs: fc.nat(),
});

describe("a tombstone", () => {
  it("has a leaf that stays the same for ever", () => {
    const leaf = new TextDecoder().decode(encodeTombstone(erased));
    expect(leaf).toBe(
      "cloister/v1 tombstone\n" +
        '{"tenantId":"01010101010101010101010101010101","destroyed":{"kind":"conversation",' +
        '"conversationId":"02020202020202020202020202020202"},"reason":"erased","destroyedAtMs":1795000000000}\n',
    );
  });

  it("has one leaf, in whatever order its fields were put together", () => {
    const { tenantId: tenant, destroyed, reason, destroyedAtMs } = erased;
    const reordered = { destroyedAtMs, reason, destroyed, tenantId: tenant };
    expect(encodeTombstone(reordered)).toEqual(encodeTombstone(erased));
  });

  it("comes back from its leaf as it was", () => {
    fc.assert(
      fc.property(tombstones, (tombstone) => expect(decodeTombstone(encodeTombstone(tombstone))).toEqual(tombstone)),
    );
  });

  it("comes back as another one or not at all when a byte of its leaf is changed", () => {
    const leaf = encodeTombstone(erased);
    const change = fc.tuple(fc.nat(leaf.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(change, ([position, mask]) => {
        const changed = leaf.map((byte, index) => (index === position ? byte ^ mask : byte));
        expect(decodedOrCode(changed)).not.toEqual(erased);
      }),
    );
  });

  it("is never read from arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2048 }), (bytes) =>
        expect(decodedOrCode(bytes)).toBe("TOMBSTONE_MALFORMED"),
      ),
    );
  });
});

describe("the leaf hash", () => {
  it("is that of RFC 6962 for the empty leaf", () => {
    expect(bytesToHex(leafHash(new Uint8Array()))).toBe(
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    );
  });

  it("is that of the RFC 6962 reference implementation for the leaf L123456", () => {
    const hash = bytesToHex(leafHash(utf8ToBytes("L123456")));
    expect(hash).toBe("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  });

  it("names a tombstone by its leaf", () => {
    expect(tombstoneHash(erased)).toEqual(leafHash(encodeTombstone(erased)));
  });
});

function decodedOrCode(leaf: Uint8Array): Tombstone | string {
  try {
    return decodeTombstone(leaf);
  } catch (error) {
    if (error instanceof AuditError) return error.code;
    throw error;
  }
}
