import type { FormerIssuer } from "@cloister/policy";

const KEY_BYTES = 32;
const ENTRY_BYTES = KEY_BYTES + 8;

/** Each as its public key (32 bytes) ‖ when it was retired (uint64, ms), the newest first. */
export function encodeFormerIssuers(issuers: readonly FormerIssuer[]): Buffer {
  return Buffer.concat(
    issuers.flatMap(({ key, retiredAtMs }) => {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(retiredAtMs));
      return [key, time];
    }),
  );
}

export function decodeFormerIssuers(bytes: Buffer): readonly FormerIssuer[] {
  return Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, index) => {
    const start = index * ENTRY_BYTES;
    const key = Uint8Array.from(bytes.subarray(start, start + KEY_BYTES));
    return { key, retiredAtMs: Number(bytes.readBigUInt64BE(start + KEY_BYTES)) };
  });
}
