import { EnvelopeError } from "./errors.ts";

const SHORTEST = 256;
const MARKER = 0x80;

/**
 * The length that `payloadBytes` bytes are padded to: max(256, Padmé(payloadBytes + 1)), where Padmé (Nikitin et al.,
 * PoPETs 2019) rounds up so that a length reveals O(log log n) bits, at a cost of at most 12 %.
 */
export function paddedLength(payloadBytes: number): number {
  return Math.max(SHORTEST, padme(payloadBytes + 1));
}

/** Whether some payload is padded to exactly this length. */
export function isPaddedLength(length: number): boolean {
  return length === SHORTEST || (length > SHORTEST && padme(length) === length);
}

function padme(length: number): number {
  const exponent = 31 - Math.clz32(length);
  const exponentBits = 32 - Math.clz32(exponent);
  const zeroBits = Math.max(0, exponent - exponentBits);
  const mask = 2 ** zeroBits - 1;
  return length + mask - ((length + mask) & mask);
}

/** The payload, 0x80, and zeros up to `paddedLength`, as a new array. */
export function pad(payload: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedLength(payload.length));
  padInto(payload, padded);
  return padded;
}

/** The same in an array of `paddedLength` zeros that is there already. */
export function padInto(payload: Uint8Array, zeros: Uint8Array): void {
  zeros.set(payload);
  zeros[payload.length] = MARKER;
}

/**
 * A view of the payload inside `padded`.
 * @throws MALFORMED when the marker is missing or the payload would have been padded to another length.
 */
export function unpad(padded: Uint8Array): Uint8Array {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== MARKER || paddedLength(end) !== padded.length) {
    throw new EnvelopeError("MALFORMED", "The decrypted payload is not padded as the format asks.");
  }
  return padded.subarray(0, end);
}
