/** The bits of `bytes` that `mask`, of the same length, has set. */
export function bytesUnderMask(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte & (mask[index] ?? 0));
}
