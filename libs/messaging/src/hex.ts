/** Bytes as a key of a Map or Set. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Something of a tenant's, as a key of a Map or Set. */
export function nameOf(tenantId: Uint8Array, id: Uint8Array): string {
  return `${hex(tenantId)}/${hex(id)}`;
}
