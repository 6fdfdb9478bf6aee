import { createHash } from "node:crypto";

/** The partition of a key: the first 32 bits of its SHA-256, modulo the count. Stable for ever. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return createHash("sha256").update(key).digest().readUInt32BE(0) % partitions;
}
