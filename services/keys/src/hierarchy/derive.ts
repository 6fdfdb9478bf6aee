import { hkdfSync } from "node:crypto";

export interface PurposeKeyName {
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
  readonly purpose: string;
  readonly bucketEndMs: number;
}

/**
 * 32 bytes: HKDF-SHA-256(bucket key, salt = conversation secret, info = label ‖ purpose ‖ ids ‖ bucket end). It needs
 * both, so destroying either one ends it.
 */
export function derivePurposeKey(bucketKey: Uint8Array, conversationSecret: Uint8Array, name: PurposeKeyName): Buffer {
  const bucketEnd = Buffer.alloc(8);
  bucketEnd.writeBigUInt64BE(BigInt(name.bucketEndMs));
  const info = Buffer.concat([
    Buffer.from("cloister/v1 purpose key"),
    Buffer.of(name.purpose.length),
    Buffer.from(name.purpose),
    name.tenantId,
    name.conversationId,
    bucketEnd,
  ]);
  return Buffer.from(hkdfSync("sha256", bucketKey, conversationSecret, info, 32));
}

/** The 32-byte seed of the X-Wing pair that clients seal to, from the conversation's `inbound` purpose key. */
export function deriveInboundSeed(inboundPurposeKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", inboundPurposeKey, "", "cloister/v1 inbound seed", 32));
}
