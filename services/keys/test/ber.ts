/** A type and its content with a definite length (X.690, section 8.1.3). */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length);
  return Buffer.concat([Buffer.of(tag, 0x82), length, content]);
}

/** The same with an indefinite length and the two zeros at its end. */
export const indefinite = (tag: number, ...contents: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.of(tag, 0x80), ...contents, Buffer.alloc(2)]);

export const sequence = (...contents: readonly Uint8Array[]): Buffer => tlv(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => tlv(0x31, ...contents);
export const octets = (content: Uint8Array): Buffer => tlv(0x04, content);

const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex"));

export const oids = {
  data: oid("2a864886f70d010701"),
  envelopedData: oid("2a864886f70d010703"),
  rsaesOaep: oid("2a864886f70d010107"),
  mgf1: oid("2a864886f70d010108"),
  sha256: oid("608648016503040201"),
  aes256Cbc: oid("60864801650304012a"),
} as const;
