import { createPublicKey, type KeyObject } from "node:crypto";

/**
 * A public key of its raw bytes. Node 24 finds out that they are no KeyObject by errors that it catches itself; the call
 * stacks of these, which nobody reads, would cost three times as much as the key.
 */
export function nodePublicKey(type: "ed25519" | "ml-kem-768" | "x25519", bytes: Uint8Array): KeyObject {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return createPublicKey({ key: Buffer.from(bytes), format: "raw-public", asymmetricKeyType: type });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
