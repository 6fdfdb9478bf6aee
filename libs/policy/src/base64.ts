import { PolicyError } from "./errors.ts";

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** @throws PolicyError NOTE_MALFORMED unless the text is exactly what `toBase64` writes. */
export function fromBase64(text: string): Uint8Array {
  const bytes = decode(text);
  if (bytes === undefined || toBase64(bytes) !== text) {
    throw new PolicyError("NOTE_MALFORMED", "A base64 value is not in its canonical form.");
  }
  return bytes;
}

function decode(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
