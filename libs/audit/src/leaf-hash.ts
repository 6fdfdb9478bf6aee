import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";

/** RFC 6962 section 2.1: SHA-256(0x00 ‖ leaf), 32 bytes. The prefix keeps a leaf from passing for an inner node. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(0x00), leaf));
}
