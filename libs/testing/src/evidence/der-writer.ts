import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** Writes DER, right or, through `der`, as wrong as a test wants it. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  return concatBytes(Uint8Array.of(tag), lengthOf(content.length), content);
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >> 8, length & 0xff);
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
export const octets = (bytes: Uint8Array): Uint8Array => der(0x04, bytes);
export const bits = (bytes: Uint8Array): Uint8Array => der(0x03, Uint8Array.of(0), bytes);
export const explicit = (n: number, inner: Uint8Array): Uint8Array => der(0xa0 | n, inner);
export const ia5 = (text: string): Uint8Array => der(0x16, utf8ToBytes(text));
export const boolean = (value: boolean): Uint8Array => der(0x01, Uint8Array.of(value ? 0xff : 0));

export function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === "number" ? numberBytes(value) : trimmed(value);
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...bytes) : bytes);
}

function numberBytes(value: number): Uint8Array {
  const digits = value.toString(16);
  return hexToBytes(digits.padStart(digits.length + (digits.length % 2), "0"));
}

function trimmed(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start === -1 ? Uint8Array.of(0) : bytes.subarray(start);
}

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(0x06, ...[first * 40 + second, ...rest].map(arcBytes));
}

function arcBytes(arc: number): Uint8Array {
  const septets = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift(0x80 | (left & 0x7f));
  return Uint8Array.from(septets);
}

/** UTCTime up to 2049, GeneralizedTime after. */
export function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return ms < Date.UTC(2050) ? der(0x17, utf8ToBytes(digits.slice(2))) : der(0x18, utf8ToBytes(digits));
}

/** A Name of a common name alone. */
export function name(commonName: string): Uint8Array {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, utf8ToBytes(commonName)))));
}
