import { bytesToHex } from "@noble/hashes/utils.js";

export { bytesToHex, concatBytes } from "@noble/hashes/utils.js";

/** Standard base64 of RFC 4648 section 4, without Node's Buffer so that browsers have it too. */
export function bytesToBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Returns undefined for anything that is not standard base64. */
export function base64ToBytes(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return bytesToHex(left) === bytesToHex(right);
}
